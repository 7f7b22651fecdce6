package didittest_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/didittest"
)

// An operation can be answered by the test.
func TestHandle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.Handle(didittest.OpCreateSession, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		rw.Header().Set("X-Odd", "yes")
		rw.WriteHeader(http.StatusTeapot)
		_, _ = rw.Write(bytes.ToUpper(body))
	}))
	create := func(key string) reply { return w.do(http.MethodPost, "/v3/session/", key, `{"a":1}`) }
	r := create(w.a.APIKey)
	assert.Equal(t, http.StatusTeapot, r.status)
	assert.Equal(t, "yes", r.header.Get("X-Odd"))
	assert.JSONEq(t, `{"A":1}`, r.text)
	assert.Equal(t, http.StatusTeapot, w.server.Requests()[0].Status)
	assert.Equal(t, 401, create("wrong").status, "keys are still checked")
	w.server.Inject(didittest.Fault{Operation: didittest.OpCreateSession, Kind: didittest.FaultTruncated})
	_, err := w.try(http.MethodPost, "/v3/session/", w.a.APIKey, `{"a":1}`)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF, "faults still occur")
	w.server.Handle(didittest.OpCreateSession, nil)
	assert.Equal(t, 400, create(w.a.APIKey).status)
	assert.Panics(t, func() { w.server.Handle("Nothing", http.NotFoundHandler()) })
	assert.Panics(t, func() { w.server.Handle(didittest.OpAny, http.NotFoundHandler()) })
}
