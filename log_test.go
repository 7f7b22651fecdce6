package didit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// storyTold is one call by its line in the log, or by what a hook was told.
type storyTold struct {
	Operation string             `json:"operation"`
	Outcome   didit.AuditOutcome `json:"outcome"`
}

// The line of a create names the session that it made, which nothing else in the log does.
func TestLogNamesTheCreatedSession(t *testing.T) {
	t.Parallel()
	server := didittest.NewServer()
	t.Cleanup(server.Close)
	b := server.AddApplication("B")
	var log bytes.Buffer
	c := b.Client(didit.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))))
	created, err := c.CreateSession(t.Context(), didit.CreateSessionParams{WorkflowID: b.AddWorkflow(didit.KindUser)})
	require.NoError(t, err)
	var line map[string]any
	require.NoError(t, json.Unmarshal(log.Bytes(), &line))
	assert.Equal(t, created.SessionID, line["session_id"])
	assert.NotContains(t, log.String(), created.SessionToken)
}

// Each public call is one line and one begin and end of the hooks, whatever became of
// it, and both say the same.
func TestOneStoryPerCall(t *testing.T) {
	t.Parallel()
	const malformed = "not-a-session"
	type world struct {
		server *didittest.Server
		a, b   *didittest.Application
		ctx    context.Context
		c      *didit.Client // of b, whose stories are counted
		id     string        // a session of b's
	}
	importParams := func(w world) didit.ImportSharedSessionParams {
		return didit.ImportSharedSessionParams{
			Token:      w.a.Share(w.a.AddSession(didittest.SessionFixture{}), w.b, 0),
			WorkflowID: w.b.Workflow(didit.KindUser), Review: didit.TrustSourceReview, VendorData: "customer-1",
		}
	}
	for name, test := range map[string]struct {
		fault   didittest.Fault
		call    func(w world) error
		want    storyTold
		options []didit.Option
	}{
		"a share": {
			call: func(w world) error {
				_, err := w.c.ShareSession(w.ctx, w.id, didit.ShareSessionParams{ForApplicationID: w.a.ID})
				return err
			},
			want: storyTold{"ShareSession", didit.AuditOK},
		},
		"a share that may have minted a token unseen": {
			fault: didittest.Fault{Operation: didittest.OpShareSession, Kind: didittest.FaultErrorAfter, Times: -1},
			call: func(w world) error {
				_, err := w.c.ShareSession(w.ctx, w.id, didit.ShareSessionParams{ForApplicationID: w.a.ID})
				return err
			},
			want: storyTold{"ShareSession", didit.AuditUnknown},
		},
		"a share refused locally": {
			call: func(w world) error {
				_, err := w.c.ShareSession(w.ctx, malformed, didit.ShareSessionParams{})
				return err
			},
			want: storyTold{"ShareSession", didit.AuditRefused},
		},
		"a share withheld by the audit hook": {
			call: func(w world) error {
				_, err := w.c.ShareSession(w.ctx, w.id, didit.ShareSessionParams{ForApplicationID: w.a.ID})
				return err
			},
			options: []didit.Option{didit.WithAuditHook(func(context.Context, didit.AuditEvent) error { return errors.New("no room") })},
			want:    storyTold{"ShareSession", didit.AuditResultLost},
		},
		"an import recovered": {
			fault: didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultAnswerLost},
			call: func(w world) error {
				_, err := w.c.ImportSharedSession(w.ctx, importParams(w))
				return err
			},
			want: storyTold{"ImportSharedSession", didit.AuditRecovered},
		},
		"an import withheld by the audit hook": {
			call: func(w world) error {
				_, err := w.c.ImportSharedSession(w.ctx, importParams(w))
				return err
			},
			options: []didit.Option{didit.WithAuditHook(func(context.Context, didit.AuditEvent) error { return errors.New("no room") })},
			want:    storyTold{"ImportSharedSession", didit.AuditResultLost},
		},
		"a find refused locally": {
			call: func(w world) error {
				_, err := w.c.FindImportedSession(w.ctx, didit.FindImportedSessionParams{})
				return err
			},
			want: storyTold{"FindImportedSession", didit.AuditRefused},
		},
		"a read tried again": {
			fault: didittest.Fault{Operation: didittest.OpGetSession, Kind: didittest.FaultErrorBefore},
			call: func(w world) error {
				_, err := w.c.GetSession(w.ctx, w.id)
				return err
			},
			want: storyTold{"GetSession", didit.AuditOK},
		},
		"a read refused locally": {
			call: func(w world) error {
				_, err := w.c.GetSession(w.ctx, malformed)
				return err
			},
			want: storyTold{"GetSession", didit.AuditRefused},
		},
		"a walk of two pages": {
			call: func(w world) error {
				w.b.AddSession(didittest.SessionFixture{})
				w.b.AddSession(didittest.SessionFixture{})
				for _, err := range w.c.ListSessions(w.ctx, didit.ListSessionsParams{PageSize: 2}) {
					if err != nil {
						return err
					}
				}
				return nil
			},
			want: storyTold{"ListSessions", didit.AuditOK},
		},
		"a list refused locally": {
			call: func(w world) error {
				for _, err := range w.c.ListSessions(w.ctx, didit.ListSessionsParams{PageSize: -1}) {
					return err
				}
				return nil
			},
			want: storyTold{"ListSessions", didit.AuditRefused},
		},
		"reviews, of which there are two pages": {
			call: func(w world) error {
				for i := range 60 {
					status := []didit.SessionStatus{didit.StatusApproved, didit.StatusDeclined}[i%2]
					if err := w.b.Client().UpdateSessionStatus(w.ctx, w.id, didit.UpdateSessionStatusParams{NewStatus: status}); err != nil {
						return err
					}
				}
				n := 0
				for _, err := range w.c.ListReviews(w.ctx, w.id) {
					if err != nil {
						return err
					}
					n++
				}
				if n <= 50 {
					return errors.New("one page only")
				}
				return nil
			},
			want: storyTold{"ListReviews", didit.AuditOK},
		},
		"a create refused locally": {
			call: func(w world) error {
				_, err := w.c.CreateSession(w.ctx, didit.CreateSessionParams{})
				return err
			},
			want: storyTold{"CreateSession", didit.AuditRefused},
		},
		"an update whose answer is lost": {
			fault: didittest.Fault{Operation: didittest.OpUpdateSessionStatus, Kind: didittest.FaultAnswerLost},
			call: func(w world) error {
				return w.c.UpdateSessionStatus(w.ctx, w.id, didit.UpdateSessionStatusParams{NewStatus: didit.StatusDeclined})
			},
			want: storyTold{"UpdateSessionStatus", didit.AuditUnknown},
		},
		"a delete whose answer is lost, and which is gone the second time": {
			fault: didittest.Fault{Operation: didittest.OpDeleteSession, Kind: didittest.FaultAnswerLost},
			call:  func(w world) error { return w.c.DeleteSession(w.ctx, w.id) },
			want:  storyTold{"DeleteSession", didit.AuditOK},
		},
		"a report": {
			call: func(w world) error {
				_, err := w.c.SessionPDF(w.ctx, w.id, io.Discard)
				return err
			},
			want: storyTold{"SessionPDF", didit.AuditOK},
		},
		"any other call": {
			call: func(w world) error { return w.c.Do(w.ctx, "GET", "/v3/sessions/", nil, nil) },
			want: storyTold{"Do", didit.AuditOK},
		},
		"any other call refused locally": {
			call: func(w world) error { return w.c.Do(w.ctx, "get", "https://elsewhere.example", nil, nil) },
			want: storyTold{"Do", didit.AuditRefused},
		},
		"a call whose context has ended": {
			call: func(w world) error {
				ctx, cancel := context.WithCancel(w.ctx)
				cancel()
				_, err := w.c.GetSession(ctx, w.id)
				return err
			},
			want: storyTold{"GetSession", didit.AuditNotSent},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := didittest.NewServer()
			t.Cleanup(server.Close)
			w := world{server: server, a: server.AddApplication("A"), b: server.AddApplication("B"), ctx: t.Context()}
			w.id = w.b.AddSession(didittest.SessionFixture{})
			var log bytes.Buffer
			var hooked []storyTold
			var failed error
			options := append([]didit.Option{
				didit.WithRetryWait(0, 0),
				didit.WithLogger(slog.New(slog.NewJSONHandler(&log, nil))),
				didit.WithCallHook(func(ctx context.Context, operation string) (context.Context, func(didit.AuditOutcome, error)) {
					return nil, func(outcome didit.AuditOutcome, err error) {
						hooked, failed = append(hooked, storyTold{operation, outcome}), err
					}
				}),
			}, test.options...)
			w.c = w.b.Client(options...)
			if test.fault.Kind != "" {
				server.Inject(test.fault)
			}
			err := test.call(w)
			assert.Equal(t, test.want.Outcome == didit.AuditOK || test.want.Outcome == didit.AuditRecovered, err == nil, "%v", err)
			assert.Equal(t, err, failed, "the hook is told what the caller gets")
			assert.Equal(t, []storyTold{test.want}, hooked)
			lines := strings.Split(strings.TrimSpace(log.String()), "\n")
			require.Len(t, lines, 1)
			var line struct {
				storyTold
				Level string `json:"level"`
			}
			require.NoError(t, json.Unmarshal([]byte(lines[0]), &line))
			assert.Equal(t, test.want, line.storyTold)
			assert.Equal(t, err != nil, line.Level == "WARN")
		})
	}
}
