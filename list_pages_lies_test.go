package didit_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

// However a server answers, a walk that brings nothing ends.
func TestListOfAServerThatLies(t *testing.T) {
	t.Parallel()
	page := func(numbers ...int) string {
		var rows []string
		for _, n := range numbers {
			rows = append(rows, fmt.Sprintf(`{"session_id":%q}`, rowID(n)))
		}
		return `{"next":"x","results":[` + strings.Join(rows, ",") + `]}`
	}
	n := 0
	for name, answer := range map[string]func(offset int) string{
		"one page for ever": func(int) string { return page(1, 2, 3) },
		"its first row alone": func(offset int) string {
			if offset == 0 {
				return page(1, 2, 3)
			}
			return page(1)
		},
		"strangers behind the first page": func(offset int) string {
			if offset == 0 {
				return page(1, 2, 3)
			}
			n += 3
			return page(n+10, n+11, n+12)
		},
		"strangers, and the first page shrinks": func(offset int) string {
			if n++; offset == 0 && n == 1 {
				return page(1, 2, 3)
			} else if offset == 0 {
				return page(1)
			}
			return page(1000 + n)
		},
		"two pages by turns": func(int) string {
			if n++; n%2 == 0 {
				return page(1, 2, 3)
			}
			return page(3, 4, 5)
		},
	} {
		n = 0
		requests := 0
		c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
			if requests++; requests > 100 {
				return testkit.Answer(r, 418, ""), nil
			}
			offset, err := strconv.Atoi(r.URL.Query().Get("offset"))
			if err != nil {
				return nil, err
			}
			return testkit.Answer(r, 200, answer(offset)), nil
		}))
		var last error
		for _, err := range c.ListSessions(t.Context(), didit.ListSessionsParams{PageSize: 3}) {
			last = err
		}
		var failure *didit.CallError
		require.ErrorAs(t, last, &failure, name)
		assert.Contains(t, failure.Error(), "does not end", name)
		assert.LessOrEqual(t, requests, 20, name)
	}
}

// A server whose list never ends: two pages in a row that bring nothing end the walk.
func TestListThatDoesNotEnd(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"empty pages":           `{"next":"https://verification.didit.me/v3/sessions/?offset=1","results":[]}`,
		"the same row for ever": `{"next":true,"results":[{"session_id":"` + testkit.SessionID + `"}]}`,
		"next of another type":  `{"next":{"url":"x"},"results":[]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen []testkit.Seen
			var last error
			for _, err := range testkit.Client(t, testkit.Recorder(&seen, 200, body)).ListSessions(t.Context(), didit.ListSessionsParams{SessionKind: didit.KindAll}) {
				last = err
			}
			var failure *didit.CallError
			require.ErrorAs(t, last, &failure)
			assert.Equal(t, "ListSessions", failure.Operation)
			assert.LessOrEqual(t, len(seen), 3)
			for _, s := range seen {
				assert.Contains(t, s.URL, "session_kind=user")
			}
		})
	}
	for _, next := range []string{`null`, `""`} {
		var seen []testkit.Seen
		for _, err := range testkit.Client(t, testkit.Recorder(&seen, 200, `{"next":`+next+`,"results":[]}`)).ListSessions(t.Context(), didit.ListSessionsParams{}) {
			require.NoError(t, err)
		}
		assert.Len(t, seen, 1)
	}
}
