package didit_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/internal/testkit"
)

// Hooks nest, and what they put into the context reaches limiter, logger and transport.
func TestCallHooksNest(t *testing.T) {
	t.Parallel()
	type key string
	var order []string
	hook := func(name string) didit.CallHook {
		return func(ctx context.Context, operation string) (context.Context, func(didit.AuditOutcome, error)) {
			order = append(order, name+" begins "+operation)
			return context.WithValue(ctx, key(name), true), func(outcome didit.AuditOutcome, _ error) {
				order = append(order, name+" ends "+string(outcome))
			}
		}
	}
	leaveAlone := func(context.Context, string) (context.Context, func(didit.AuditOutcome, error)) { return nil, nil }
	server := didittest.NewServer()
	t.Cleanup(server.Close)
	b := server.AddApplication("B")
	limiter := limiterFunc(func(ctx context.Context) error {
		assert.Equal(t, true, ctx.Value(key("outer")))
		assert.Equal(t, true, ctx.Value(key("inner")))
		order = append(order, "an attempt")
		return nil
	})
	c := b.Client(didit.WithCallHook(hook("outer"), leaveAlone, hook("inner")), didit.WithLimiter(limiter))
	_, err := c.GetSession(t.Context(), b.AddSession(didittest.SessionFixture{}))
	require.NoError(t, err)
	assert.Equal(t, []string{"outer begins GetSession", "inner begins GetSession", "an attempt", "inner ends ok", "outer ends ok"}, order)
}

// The record of a share or an import is made in the context of the hooks too, so that it
// can name the trace.
func TestCallHookBeforeAudit(t *testing.T) {
	t.Parallel()
	type key struct{}
	server := didittest.NewServer()
	t.Cleanup(server.Close)
	a, b := server.AddApplication("A"), server.AddApplication("B")
	var recorded []any
	c := b.Client(
		didit.WithCallHook(func(ctx context.Context, operation string) (context.Context, func(didit.AuditOutcome, error)) {
			return context.WithValue(ctx, key{}, operation), nil
		}),
		didit.WithAuditHook(func(ctx context.Context, _ didit.AuditEvent) error {
			recorded = append(recorded, ctx.Value(key{}))
			return nil
		}),
	)
	_, err := c.ShareSession(t.Context(), b.AddSession(didittest.SessionFixture{}), didit.ShareSessionParams{ForApplicationID: a.ID})
	require.NoError(t, err)
	params := didit.ImportSharedSessionParams{
		Token:      a.Share(a.AddSession(didittest.SessionFixture{}), b, 0),
		WorkflowID: b.Workflow(didit.KindUser), Review: didit.TrustSourceReview, VendorData: "customer-1",
	}
	_, err = c.ImportSharedSession(t.Context(), params)
	require.NoError(t, err)
	find, err := params.FindParams()
	require.NoError(t, err)
	_, err = c.FindImportedSession(t.Context(), find)
	require.NoError(t, err)
	assert.Equal(t, []any{"ShareSession", "ImportSharedSession", "FindImportedSession"}, recorded)
}

type limiterFunc func(context.Context) error

func (f limiterFunc) Wait(ctx context.Context) error { return f(ctx) }

// A walk that is left, or whose loop panics, has ended too.
func TestStoryOfALeftWalk(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]func(){"left": nil, "panics": func() { panic("the loop's own") }} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := didittest.NewServer()
			t.Cleanup(server.Close)
			b := server.AddApplication("B")
			b.AddSession(didittest.SessionFixture{})
			ended := 0
			c := b.Client(didit.WithCallHook(func(ctx context.Context, _ string) (context.Context, func(didit.AuditOutcome, error)) {
				return ctx, func(didit.AuditOutcome, error) { ended++ }
			}))
			func() {
				defer func() { assert.Equal(t, body != nil, recover() != nil) }()
				for _, err := range c.ListSessions(t.Context(), didit.ListSessionsParams{}) {
					require.NoError(t, err)
					if body != nil {
						body()
					}
					break
				}
			}()
			assert.Equal(t, 1, ended)
		})
	}
}

// TestEveryOperation has its story, told to the hooks, and its counterpart in the stand-in.
func TestEveryOperation(t *testing.T) {
	t.Parallel()
	for _, call := range testkit.Calls() {
		var seen []testkit.Seen
		var told []storyTold
		c := testkit.Client(t, testkit.Recorder(&seen, http.StatusOK, call.Success),
			didit.WithCallHook(func(ctx context.Context, operation string) (context.Context, func(didit.AuditOutcome, error)) {
				return ctx, func(outcome didit.AuditOutcome, _ error) { told = append(told, storyTold{operation, outcome}) }
			}))
		require.NoError(t, call.Do(t, c), call.Name)
		assert.Equal(t, []storyTold{{call.Name, didit.AuditOK}}, told)
		if call.Name != "Do" {
			assert.Contains(t, didittest.Operations(), didittest.Operation(call.Name))
		}
	}
}
