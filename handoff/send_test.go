package handoff_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/handoff"
)

func TestSendChecks(t *testing.T) {
	t.Parallel()
	p := newPushing(t, imported)
	_, err := p.sender.Send(t.Context(), handoff.Envelope{})
	for _, field := range []string{"ID", "Token", "SessionKind", "SourceSessionID", "FromApplicationID", "ForApplicationID", "ExpiresAt", "Reference"} {
		require.ErrorContains(t, err, field)
	}
	for says, change := range map[string]func(*handoff.Envelope){
		"ID must be":                     func(e *handoff.Envelope) { e.ID = "a.1" },
		"Token is longer":                func(e *handoff.Envelope) { e.Token = didit.NewShareToken(string(make([]byte, 8193)) + "x") },
		"Token has characters":           func(e *handoff.Envelope) { e.Token = didit.NewShareToken("a b") },
		"SourceSessionID must be":        func(e *handoff.Envelope) { e.SourceSessionID = "x" },
		"must not be FromApplicationID":  func(e *handoff.Envelope) { e.ForApplicationID = e.FromApplicationID },
		"ExpiresAt is more than 24 h":    func(e *handoff.Envelope) { e.ExpiresAt = time.Now().Add(25 * time.Hour) },
		"Reference has a character":      func(e *handoff.Envelope) { e.Reference = "a\nb" },
		"Reference is longer":            func(e *handoff.Envelope) { e.Reference = string(make([]byte, 257)) },
		"Purpose must not begin":         func(e *handoff.Envelope) { e.Purpose = " x" },
		"Purpose has a character that c": func(e *handoff.Envelope) { e.Purpose = "\xff" },
	} {
		e := envelope("job-1")
		change(&e)
		_, err := p.sender.Send(t.Context(), e)
		require.ErrorIs(t, err, didit.ErrInvalidParams)
		require.ErrorContains(t, err, says)
	}
	assert.Empty(t, p.sent)
}

// answers is a partner that is not this package.
type answers func(r *http.Request) *http.Response

func (f answers) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Body.Close()
	resp := f(r)
	if resp == nil {
		return nil, io.ErrUnexpectedEOF
	}
	resp.Request, resp.Proto, resp.ProtoMajor, resp.ProtoMinor = r, "HTTP/1.1", 1, 1
	return resp, nil
}

func TestSendAnswers(t *testing.T) {
	t.Parallel()
	type want struct {
		status  int
		code    string
		refused bool
		says    string
	}
	for name, test := range map[string]struct {
		status int
		body   string
		want   want
	}{
		"another id":      {200, `{"id":"job-2","status":"imported"}`, want{says: "is for another hand-off"}},
		"no id":           {200, `{"status":"imported"}`, want{says: "is for another hand-off"}},
		"unknown status":  {200, `{"id":"job-1","status":"queued"}`, want{says: "has no status"}},
		"other case":      {200, `{"ID":"job-1","status":"imported"}`, want{says: "is for another hand-off"}},
		"twice":           {200, `{"id":"job-2","id":"job-1","status":"imported"}`, want{says: "is not a receipt"}},
		"a page":          {200, "<html>sign in</html>", want{says: "is not a receipt"}},
		"large":           {200, string(make([]byte, 40<<10)), want{says: "larger than the limit"}},
		"a redirect":      {307, "", want{307, "", true, "partner's endpoint"}},
		"not found":       {404, "<html>planted</html>", want{404, "", true, "partner's endpoint"}},
		"a strange code":  {400, `{"code":"Planted secret"}`, want{400, "", true, "status 400"}},
		"unauthorized":    {401, `{"code":"unauthorized"}`, want{401, "unauthorized", true, "compare the secret"}},
		"not implemented": {501, `{}`, want{501, "", true, "status 501"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n := 0
				client := &http.Client{Transport: answers(func(*http.Request) *http.Response {
					n++
					return &http.Response{StatusCode: test.status, Body: io.NopCloser(&text{test.body}), ContentLength: -1,
						Header: http.Header{"Location": {"https://elsewhere.example/?planted"}}}
				})}
				sender, err := handoff.NewSender(where, secret(t, secretText), handoff.WithHTTPClient(client))
				require.NoError(t, err)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err = sender.Send(ctx, envelope("job-1"))
				require.ErrorContains(t, err, test.want.says)
				assert.NotContains(t, err.Error(), "lanted")
				refused, ok := errors.AsType[*handoff.RefusedError](err)
				assert.Equal(t, test.want.refused, ok)
				if ok {
					assert.Equal(t, handoff.RefusedError{ID: "job-1", Code: test.want.code, StatusCode: test.want.status}, *refused)
					assert.Equal(t, 1, n)
				}
			})
		})
	}
}

type text struct{ left string }

func (r *text) Read(p []byte) (int, error) {
	n := copy(p, r.left)
	if r.left = r.left[n:]; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
