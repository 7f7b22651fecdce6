package transport

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// place is where a case of the table happens.
type place struct {
	base, proxy string
	hc          *http.Client
	count       func() int64 // what was delivered
	into        Decoder
	limit       int64
}

// row is what happened, and what must come of it for Read, Repeatable and Once.
type row struct {
	name     string
	place    func(t *testing.T) place
	attempts [3]int
	sent     bool // each attempt is one delivery; else there is none
	outcome  [3]Outcome
	status   int
	text     string // of the failure, where there is no status
	is       []error
	as       func(error) bool
}

var (
	again   = [3]int{3, 3, 3}
	spare   = [3]int{3, 3, 1} // but never again what must go out once
	reads   = [3]int{3, 1, 1}
	once    = [3]int{1, 1, 1}
	unsent  = [3]Outcome{NotSent, NotSent, NotSent}
	unknown = [3]Outcome{Unknown, Unknown, Unknown}
	lost    = [3]Outcome{ResultLost, ResultLost, ResultLost}
)

// TestRetryTable is "When a request is sent again" of the design, counted where
// the requests arrive.
func TestRetryTable(t *testing.T) {
	t.Parallel()
	rows := append(statusRows(), failureRows()...)
	for _, row := range append(rows, answerRows()...) {
		for i, c := range classes {
			t.Run(row.name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				p := row.place(t)
				cfg := quick(p.hc)
				if p.limit > 0 {
					cfg.MaxBody = p.limit
				}
				req := request(t, p.base, c.class)
				req.Into = p.into
				res := New(cfg).Do(t.Context(), req)

				delivered := 0
				if row.sent {
					delivered = row.attempts[i]
				}
				assert.EqualValues(t, delivered, p.count(), "deliveries")
				assert.Equal(t, row.attempts[i], res.Attempts, "attempts")
				assert.Equal(t, row.outcome[i], res.Outcome, "outcome")
				assert.Equal(t, row.outcome[i] != NotSent, res.Lost, "lost")
				assert.Equal(t, row.status, res.Status, "status")
				assert.False(t, res.OK)
				require.NoError(t, res.CtxErr)
				if row.status != 0 {
					require.NoError(t, res.Err)
					return
				}
				text := strings.NewReplacer("HOST", req.URL.Host, "PROXY", "the proxy "+p.proxy).Replace(row.text)
				require.EqualError(t, res.Err, text)
				clean(t, res.Err)
				for _, target := range row.is {
					require.ErrorIs(t, res.Err, target)
				}
				if row.as != nil {
					assert.True(t, row.as(res.Err), "cause")
				}
			})
		}
	}
}

func as[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}
