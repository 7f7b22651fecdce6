package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/didit-go/didit"
)

func (t *tool) importCommand() *cobra.Command {
	var params didit.ImportSharedSessionParams
	var tokenFile string
	c := t.calling(&cobra.Command{
		Use:   "import",
		Short: "Redeem a share token: import your own copy of the session",
		Long: `Redeem a share token: import your own copy of the session behind it. The token
comes from standard input or a file, never from an argument.

Didit redeems a token once. Where the answer is lost, the copy is searched for
by your vendor data. Exit code 75 says that it may be there and was not found
so far: run the same command again with --resume.`,
		Example: `  didit import --workflow 11112222-3333-4444-5555-666677778888 \
    --review trust_source --vendor-data customer-1 <token`,
		Args: arguments(),
		RunE: t.do(func(ctx context.Context, _ []string) (err error) {
			client, err := t.client()
			if err != nil {
				return err
			}
			if params.Token, err = t.readToken(ctx, tokenFile); err != nil {
				return err
			}
			imported, err := client.ImportSharedSession(ctx, params)
			if err != nil {
				return err
			}
			return t.print(importRecord(imported))
		}),
	})
	f := c.Flags()
	f.StringVar(&tokenFile, "token-file", "", "`file` with the token; default: standard input")
	importFlags(c, &params)
	f.StringVar(&params.VendorData, "vendor-data", "", "your own `reference` for the person or company")
	f.StringVar(&params.SourceSessionID, "source", "", "`id` of the session that the partner announced; another one is refused")
	f.BoolVar(&params.Resume, "resume", false, "an import with this token may have been made: search before sending")
	return c
}

// importFlags are those that one import and many have in common.
func importFlags(c *cobra.Command, params *didit.ImportSharedSessionParams) {
	f := c.Flags()
	f.StringVar(&params.WorkflowID, "workflow", "", "`id` of your workflow that the copy is attached to")
	f.StringVar(&params.Workflows.User, "user-workflow", "", "or the `id` for people, chosen by the token")
	f.StringVar(&params.Workflows.Business, "business-workflow", "", "and the `id` for companies, chosen by the token")
	f.StringVar((*string)(&params.Review), "review", "", "required: `trust_source` keeps the partner's status, review_again starts In Review")
	complete(c, "review", string(didit.TrustSourceReview), string(didit.ReviewAgain))
	f.StringSliceVar(&params.FromApplicationIDs, "from", nil, "`ids` of the partners' applications that you accept; default: any")
}

// importRecord is a copy without personal data.
func importRecord(s *didit.ImportedSession) record {
	return append(sessionRecord(&s.Session), field{"recovered", s.Recovered}, field{"earlier", s.Earlier}, field{"duplicates", s.Duplicates})
}

// sessionRecord is a session without personal data.
func sessionRecord(s *didit.Session) record {
	return record{
		{"session_id", s.SessionID}, {"session_kind", s.SessionKind}, {"status", s.Status}, {"created_at", s.CreatedAt},
		{"workflow_id", s.WorkflowID}, {"shared_from_session", s.SharedFromSession}, {"environment", s.Environment},
	}
}
