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
	text := onCommandLine.plain(err)
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
	_, isAway := errors.AsType[awayError](err)
	switch {
	case err == nil:
		return exitDone
	case usage, params && !errors.Is(err, didit.ErrShareTokenInvalid):
		return exitUsage
	case didit.Retryable(err), errors.Is(err, context.Canceled), errors.Is(err, errAgain), isAway:
		return exitAgain
	}
	return exitRefused
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
