package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/jobs"
)

// The exit codes. They do not change.
const (
	exitDone    = 0
	exitRefused = 1
	exitUsage   = 2
	exitAgain   = 75 // EX_TEMPFAIL of sysexits.h
)

// usageError is a command line that makes no sense. Nothing was sent.
type usageError string

func (e usageError) Error() string { return string(e) }

// end says on standard error how the run went, and returns the exit code.
func (t *tool) end(ctx context.Context, cmd *cobra.Command, err error) int {
	if err == nil {
		return exitDone
	}
	if _, ok := errors.AsType[usageError](err); !ok && !t.began {
		err = usageError(err.Error())
	}
	text := plain(err)
	if ctx.Err() != nil {
		text = "interrupted: " + text
	}
	_, _ = fmt.Fprintln(t.errs, "didit: "+text)
	if next := advice(cmd, err); next != "" {
		_, _ = fmt.Fprintln(t.errs, next)
	}
	if call, ok := errors.AsType[*didit.CallError](err); ok && len(call.Candidates) > 0 {
		_, _ = fmt.Fprintln(t.errs, "Sessions that may be the copy: "+strings.Join(call.Candidates, ", "))
	}
	return code(err)
}

// code is the exit code of an error.
func code(err error) int {
	_, usage := errors.AsType[usageError](err)
	_, params := errors.AsType[*didit.ValidationError](err)
	switch {
	case err == nil:
		return exitDone
	case usage, params && !errors.Is(err, didit.ErrShareTokenInvalid):
		return exitUsage
	case didit.Retryable(err), errors.Is(err, context.Canceled), errors.Is(err, errAgain), isAway(err):
		return exitAgain
	}
	return exitRefused
}

// flags are what a command calls the fields that a ValidationError names.
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

// words are what a command line calls what the errors of the packages call otherwise.
var words = strings.NewReplacer(
	"SourceSessionID", "--source", "FromApplicationIDs", "--from", "ForApplicationID", "--for", "give WorkflowID", "give --workflow",
	", unless WithInsecureHTTP is given", "", "with a Checkpoint", "with --resume",
	"TrustSourceReview or ReviewAgain", "trust_source or review_again", "or Workflows is required", "is required, or --user-workflow and --business-workflow",
	"together with Workflows", "together with --user-workflow or --business-workflow", "10*time.Minute", "10m",
	"before DateFrom", "before --since", "without VendorData", "without --vendor-data", "KindUser", "--kind user",
	"sqlstore: Open: ", "", "jobs: OpenAdmin: ", "", "jobs: Retry: ", "", "jobs: ", "",
	"no API key, and DIDIT_API_KEY is not set", "set DIDIT_API_KEY, or give --key-file",
	"; call again after RetryAfter with Resume, the same token and vendor data", "", "Candidates names", "there are",
)

// plain is an error in the words of the command line.
func plain(err error) string {
	v, ok := errors.AsType[*didit.ValidationError](err)
	if !ok {
		return words.Replace(strings.TrimPrefix(err.Error(), "didit: "))
	}
	parts := make([]string, len(v.Problems))
	for i, p := range v.Problems {
		field, _, _ := strings.Cut(p.Field, "[")
		if name, ok := flags[field]; ok {
			field = name
		}
		parts[i] = field + " " + words.Replace(p.Message)
	}
	return "nothing was sent: " + strings.Join(parts, "; ")
}

// next says what to do about an error, what says most first.
var next = []struct {
	err   error
	words string
}{
	{didit.ErrShareTokenExpired, "Ask the partner for a new token."},
	{didit.ErrShareTokenForeign, "Ask the partner for a token for your application, or use that application's key."},
	{didit.ErrSourceSessionGone, "The partner has deleted the session: ask for another."},
	{didit.ErrShareTokenInvalid, "Ask the partner for a new token, and give it whole. \"didit token\" shows what it says."},
	{didit.ErrAlreadyImported, "Look at the sessions that you have with \"didit list\": the copy is under other vendor data, or was deleted."},
	{didit.ErrImportNotFound, "Nothing was imported so far. Import it, with --resume if an import may still be under way."},
	{didit.ErrWorkflowNotFound, "Take a workflow of your own application from Didit's console."},
	{didit.ErrWorkflowKindMismatch, "Take a workflow for that kind of session: \"didit token\" shows which it is."},
	{didit.ErrSessionNotShareable, "Wait until the session is Approved, Declined or In Review: \"didit get\" shows its status."},
	{didit.ErrApplicationNotFound, "Ask the partner for the id of their application."},
	{didit.ErrUnauthorized, "Check DIDIT_API_KEY, or the file that --key-file names."},
	{didit.ErrForbidden, "Look in Didit's console what the key may do, and with \"didit get\" at the session's status."},
	{jobs.ErrNoTicket, "\"didit jobs list\" shows which there are."},
	{didit.ErrNotFound, "Check the session's id, and that it is this application's."},
}

// advice says what to do next; nothing where the error says it.
func advice(cmd *cobra.Command, err error) string {
	if code(err) == exitUsage {
		return fmt.Sprintf("See %q.", cmd.CommandPath()+" --help")
	}
	if wait := didit.RetryAfter(err); wait > 0 {
		words := "Run the same command again after " + wait.Round(time.Second).String()
		if cmd.Flags().Lookup("resume") != nil && !errors.Is(err, didit.ErrNotSent) {
			words += ", with --resume"
		}
		return words + "."
	}
	for _, n := range next {
		if errors.Is(err, n.err) {
			return n.words
		}
	}
	return ""
}
