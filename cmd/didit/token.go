package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

func (t *tool) tokenCommand() *cobra.Command {
	tokenFile := ""
	c := &cobra.Command{
		Use:   "token",
		Short: "Show what a share token says of itself",
		Long: `Show what a share token says of itself. Its claims are not verified: the key
that signed them is Didit's. Nothing is sent, and the token is not printed.`,
		Example: `  didit token <token`,
		Args:    arguments(),
		RunE: t.do(func(ctx context.Context, _ []string) error {
			token, err := t.readToken(ctx, tokenFile)
			if err != nil {
				return err
			}
			claims, err := token.Claims()
			if err != nil {
				return err
			}
			verified := field{"verified", false}
			if t.format == formatTable {
				verified.value = "no: these are the token's own words"
			}
			return t.print(record{
				verified,
				{"session_id", claims.SessionID}, {"session_kind", claims.SessionKind},
				{"from_application_id", claims.FromApplicationID}, {"for_application_id", claims.ForApplicationID},
				{"issued_at", claims.IssuedAt}, {"expires_at", claims.ExpiresAt},
				{"expired", !claims.ExpiresAt.IsZero() && claims.ExpiresAt.Before(time.Now())},
				{"token_fingerprint", token.Fingerprint()},
			})
		}),
	}
	c.Flags().StringVar(&tokenFile, "token-file", "", "`file` with the token; default: standard input")
	return c
}
