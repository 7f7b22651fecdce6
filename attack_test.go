package didit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
)

// A: an answer without a final status is none.
func TestAttackNoStatus(t *testing.T) {
	t.Parallel()
	for _, status := range []int{-1, 0, 100, 102, 103, 199} {
		n := 0
		c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost {
				n++
			}
			return rootAnswer(r, status, `{}`), nil
		}))
		_, err := c.CreateSession(t.Context(), didit.CreateSessionParams{WorkflowID: rootWorkflow})
		assert.ErrorIs(t, err, didit.ErrOutcomeUnknown, "%d: %v", status, err)
		assert.Equal(t, 1, n)
		_, err = c.GetSession(t.Context(), rootSession)
		assert.ErrorIs(t, err, didit.ErrOutcomeUnknown, "%d: %v", status, err)
	}
}

// B
func TestAttackNamingOthersTakesAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &account{post: posts(answer(403, already403)), sessions: []own{elseInRow()}}
		a.list = func() (*http.Response, error) {
			if a.lists <= 4 {
				return answer(200, `{"next":null,"results":[]}`)()
			}
			time.Sleep(25 * time.Second)
			return answer(http.StatusServiceUnavailable, "")()
		}
		began := time.Now()
		_, err := a.client(t).ImportSharedSession(t.Context(), importParams(tokenOf(nil)))
		require.ErrorIs(t, err, didit.ErrAlreadyImported)
		assert.LessOrEqual(t, time.Since(began), 100*time.Second)
		assert.True(t, didit.Retryable(err))
	})
}

// C
func TestAttackObserver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		var o observing
		c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
			if n++; n == 1 {
				resp := rootAnswer(r, 429, `{}`)
				resp.Header.Set("Retry-After", "7")
				return resp, nil
			}
			return rootAnswer(r, 200, `{"share_token":"abc"}`), nil
		}), didit.WithLimiter(&o))
		_, err := c.ShareSession(t.Context(), rootSession, didit.ShareSessionParams{ForApplicationID: rootPartner})
		require.NoError(t, err)
		require.Len(t, o.answers, 2)
		assert.Equal(t, 7*time.Second, o.answers[0].RetryAfter)
		assert.Zero(t, o.answers[1].RetryAfter)
	})
}

// D, F, G, S
func TestAttackAudit(t *testing.T) {
	t.Parallel()
	a := &account{post: posts(answer(201, created201))}
	c := a.client(t, didit.WithAuditHook(func(context.Context, didit.AuditEvent) error { return errors.New("full") }))
	_, err := c.ImportSharedSession(t.Context(), importParams(tokenOf(nil)))
	var call *didit.CallError
	require.ErrorAs(t, err, &call)
	require.NotNil(t, call.FindParams)
	assert.Equal(t, idSource, call.FindParams.SourceSessionID)

	var e didit.AuditEvent
	hook := didit.WithAuditHook(func(_ context.Context, got didit.AuditEvent) error { e = got; return nil })
	p := importParams(tokenOf(nil))
	p.Review = "Oriane Vasquelle"
	_, err = a.client(t, hook).ImportSharedSession(t.Context(), p)
	require.Error(t, err)
	assert.Empty(t, e.Review)

	a = &account{post: posts(answer(460, "{}"))}
	_, err = a.client(t, hook).ImportSharedSession(t.Context(), importParams(tokenOf(nil)))
	require.Error(t, err)
	assert.NotEmpty(t, e.Reason, err)

	n := 0
	c = rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
		if n++; n == 1 {
			return nil, io.EOF
		}
		return rootAnswer(r, 403, `{}`), nil
	}), hook)
	_, err = c.ShareSession(t.Context(), rootSession, didit.ShareSessionParams{ForApplicationID: rootPartner})
	require.Error(t, err)
	assert.Equal(t, didit.AuditUnknown, e.Outcome, err)
}

// E
func TestAttackAuditJSON(t *testing.T) {
	t.Parallel()
	for _, d := range []time.Duration{1, 999, 1_234_567, 59*time.Second + 999_999_999, 3*time.Hour + 7} {
		e := didit.AuditEvent{Duration: d}
		data, err := json.Marshal(e)
		require.NoError(t, err)
		var again didit.AuditEvent
		require.NoError(t, json.Unmarshal(data, &again))
		assert.Equal(t, e, again)
	}
}

// U
type printing struct{ texts []string }

func (p *printing) print(ctx context.Context) {
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		p.texts = append(p.texts, fmt.Sprintf(verb, ctx))
	}
}
func (p *printing) Wait(ctx context.Context) error                    { p.print(ctx); return nil }
func (p *printing) ObserveAnswer(ctx context.Context, _ didit.Answer) { p.print(ctx) }
func (p *printing) RoundTrip(r *http.Request) (*http.Response, error) {
	p.print(r.Context())
	return rootAnswer(r, 404, `{}`), nil
}

func TestAttackContextPrints(t *testing.T) {
	t.Parallel()
	var p printing
	c := rootClient(t, &p, didit.WithLimiter(&p), didit.WithAttemptTimeout(0))
	_, _ = c.ImportSharedSession(t.Context(), importParams(tokenOf(nil)))
	_, _ = c.ShareSession(t.Context(), rootSession, didit.ShareSessionParams{ForApplicationID: rootPartner})
	_, _ = c.GetSession(t.Context(), rootSession)
	for _, text := range p.texts {
		assert.NotContains(t, text, rootKey)
		assert.NotContains(t, text, fmt.Sprint([]byte(vendor))[1:20])
		assert.Less(t, len(text), 300, text)
	}
}

// HH: a list that breaks off is no reason to stop.
func TestAttackFindBrokenOff(t *testing.T) {
	t.Parallel()
	c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
		resp := rootAnswer(r, 200, "")
		resp.ContentLength = 200
		resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"results":[`), failing{}))
		return resp, nil
	}))
	find := didit.FindImportedSessionParams{SourceSessionID: rootSource, SessionKind: didit.KindUser, VendorData: "x"}
	_, err := c.FindImportedSession(t.Context(), find)
	require.Error(t, err)
	assert.True(t, didit.Retryable(err), err)
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// XX: what the decision leaves out, the row says.
func TestAttackRowTells(t *testing.T) {
	t.Parallel()
	old := time.Now().Add(-240 * time.Hour).UTC().Format(time.RFC3339)
	rows := ""
	for id, number := range map[string]int{idCopy: 4, idCopy2: 9} {
		rows += fmt.Sprintf(`,{"session_id":%q,"session_number":%d,"vendor_data":%q,"created_at":%q,"shared_from_session":%q}`, id, number, vendor, old, idSource)
	}
	c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
		switch {
		case r.Method == http.MethodPost:
			return rootAnswer(r, 403, already403), nil
		case r.URL.Path == "/v3/sessions/":
			return rootAnswer(r, 200, `{"next":null,"results":[`+rows[1:]+`]}`), nil
		}
		return rootAnswer(r, 200, fmt.Sprintf(`{"session_id":%q,"shared_from_session":%q}`, strings.Split(r.URL.Path, "/")[3], idSource)), nil
	}))
	for range 10 {
		s, err := c.ImportSharedSession(t.Context(), importParams(tokenOf(nil)))
		require.NoError(t, err)
		assert.True(t, s.Earlier)
		assert.Equal(t, idCopy, s.SessionID)
	}
}

// Q: the body of a refusal breaks off because the context ends.
func TestAttackRefusedWhileCancelled(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 403, 401, 404, 429, 500, 200, 201, 302} {
		ctx, cancel := context.WithCancel(t.Context())
		posts := 0
		c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
			posts++
			resp := rootAnswer(r, status, "")
			resp.ContentLength = 200
			resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"detail":"This`), cancelling{cancel}))
			return resp, nil
		}))
		_, err := c.ImportSharedSession(ctx, importParams(tokenOf(nil)))
		assert.ErrorIs(t, err, context.Canceled, "%d %v", status, err)
		assert.Equal(t, 1, posts)
		t.Log(status, err, didit.Retryable(err))
		ctx, cancel = context.WithCancel(t.Context())
		_, err = c.GetSession(ctx, rootSession)
		assert.Error(t, err)
		cancel()
	}
}

type cancelling struct{ cancel context.CancelFunc }

func (c cancelling) Read([]byte) (int, error) { c.cancel(); return 0, context.Canceled }
