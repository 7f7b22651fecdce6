package main

import (
	"cmp"
	"errors"
	"strings"

	"github.com/didit-go/didit"
)

// A language is what a reader calls what the packages call by names of Go.
type language struct {
	fields map[string]string // before those of flags: the fields that a ValidationError names
	words  *strings.Replacer
}

var (
	onCommandLine = language{nil, strings.NewReplacer(words...)}
	// inList says the columns, where a list has one and the command has no flag.
	inList = language{
		map[string]string{"sessionID": "session_id", "VendorData": "vendor_data", "SourceSessionID": "source_session_id", "Status": "status"},
		strings.NewReplacer(append([]string{"SourceSessionID", "source_session_id", "without VendorData", "without vendor_data"}, words...)...),
	}
)

// flags are what a command calls the fields.
var flags = map[string]string{ //nolint:gosec // names, no secrets
	"WithAPIKey": "the API key", "WithApplicationID": "--application", "WithBaseURL": "--base-url",
	"sessionID": "SESSION", "ForApplicationID": "--for", "TTL": "--ttl",
	"Token": "the token", "WorkflowID": "--workflow", "Workflows": "--user-workflow or --business-workflow",
	"Workflows.User": "--user-workflow", "Workflows.Business": "--business-workflow", "Review": "--review",
	"VendorData": "--vendor-data", "SourceSessionID": "the source session", "FromApplicationIDs": "--from",
	"SessionKind": "--kind", "CreatedAfter": "--created-after", "Statuses": "--status", "WorkflowIDs": "--workflow",
	"Countries": "--country", "DateTo": "--until", "Search": "--search", "PageSize": "--page-size",
	"Options.Workers": "--workers", "SessionID": "session_id", "ID": "id", "secret": "the webhook's secret", "WithPreviousSecret": "the webhook's secret",
}

// words are what a command line calls what the errors' texts call otherwise.
var words = []string{
	"SourceSessionID", "--source", "FromApplicationIDs", "--from", "ForApplicationID", "--for", "give WorkflowID", "give --workflow",
	", unless WithInsecureHTTP is given", "", "with a Checkpoint", "with --resume",
	"TrustSourceReview or ReviewAgain", "trust_source or review_again", "or Workflows is required", "is required, or --user-workflow and --business-workflow",
	"together with Workflows", "together with --user-workflow or --business-workflow", "10*time.Minute", "10m",
	"before DateFrom", "before --since", "without VendorData", "without --vendor-data", "KindUser", "--kind user",
	"sqlstore: Open: ", "", "sqlstore: WithLedgerKey: ", "", "jobs: OpenAdmin: ", "", "jobs: Retry: ", "", "jobs: ", "",
	"no API key, and DIDIT_API_KEY is not set", "set DIDIT_API_KEY, or give --key-file",
	"; call again after RetryAfter with Resume, the same token and vendor data", "", "Candidates names", "found",
}

// plain is an error in the words of a language.
func (l language) plain(err error) string {
	v, ok := errors.AsType[*didit.ValidationError](err)
	if !ok {
		return l.words.Replace(strings.TrimPrefix(err.Error(), "didit: "))
	}
	parts := make([]string, len(v.Problems))
	for i, p := range v.Problems {
		field, _, _ := strings.Cut(p.Field, "[")
		parts[i] = cmp.Or(l.fields[field], flags[field], field) + " " + l.words.Replace(p.Message)
	}
	return "nothing was sent: " + strings.Join(parts, "; ")
}
