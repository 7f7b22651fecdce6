package didit_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/internal/testkit"
)

func TestListPages(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{0, 1, 2, 3, 9, 10, 11, 19, 20, 100} {
		for _, size := range []int{1, 2, 3, 10, 50} {
			l := &listServer{rows: map[string][]int{"user": numbers(rows, 1), "business": {5000}}, next: "https://evil.example/v3/sessions/?limit=10000"}
			got := walk(t, testkit.Client(t, l), didit.ListSessionsParams{PageSize: size})
			assert.Equal(t, numbers(rows, 1), got, "%d rows in pages of %d", rows, size)
			for i, offset := range l.offset {
				assert.Equal(t, i*(max(size, 2)-1), offset, "each page begins with the last row of the one before")
			}
		}
	}
}

func TestListAllIsTwoWalks(t *testing.T) {
	t.Parallel()
	l := &listServer{rows: map[string][]int{"user": numbers(5, 1), "business": numbers(14, 11)}, next: "x"}
	got := walk(t, testkit.Client(t, l), didit.ListSessionsParams{SessionKind: didit.KindAll, PageSize: 3})
	assert.Equal(t, []int{5, 4, 3, 2, 1, 14, 13, 12, 11}, got)
	assert.Equal(t, []int{0, 2, 0, 2}, l.offset)
	got = walk(t, testkit.Client(t, &listServer{rows: map[string][]int{"business": {7}}}), didit.ListSessionsParams{SessionKind: didit.KindAll})
	assert.Equal(t, []int{7}, got)
	got = walk(t, testkit.Client(t, &listServer{rows: map[string][]int{"user": {7}, "business": {8}}}), didit.ListSessionsParams{})
	assert.Equal(t, []int{7}, got)
}

// Leaving the loop ends the requests; nothing is asked for before the loop begins.
func TestListIsLazy(t *testing.T) {
	t.Parallel()
	l := &listServer{rows: map[string][]int{"user": numbers(100, 1), "business": numbers(100, 1)}, next: "x"}
	seq := testkit.Client(t, l).ListSessions(t.Context(), didit.ListSessionsParams{SessionKind: didit.KindAll, PageSize: 10})
	assert.Zero(t, l.pages)
	for want, stop := range map[int]int{1: 1, 2: 11} {
		l.pages = 0
		n := 0
		for _, err := range seq {
			require.NoError(t, err)
			if n++; n == stop {
				break
			}
		}
		assert.Equal(t, want, l.pages)
	}
}

func TestListErrorEndsTheWalk(t *testing.T) {
	t.Parallel()
	l := &listServer{rows: map[string][]int{"user": numbers(100, 1)}, next: "x"}
	c := testkit.Client(t, testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if l.pages == 2 {
			return testkit.Answer(r, 403, `{"detail":"no customer-oriane-4711"}`), nil
		}
		return l.RoundTrip(r)
	}))
	rows, errs := 0, 0
	for row, err := range c.ListSessions(t.Context(), didit.ListSessionsParams{SessionKind: didit.KindAll, PageSize: 10, VendorData: "customer-oriane-4711"}) {
		if err != nil {
			errs++
			require.ErrorIs(t, err, didit.ErrForbidden)
			assert.Contains(t, err.Error(), "no [redacted]")
			assert.Nil(t, row)
			continue // goes on, and there is nothing more
		}
		rows++
	}
	assert.Equal(t, 19, rows)
	assert.Equal(t, 1, errs)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	l.pages = 0
	var last error
	for _, err := range testkit.Client(t, l).ListSessions(ctx, didit.ListSessionsParams{PageSize: 10}) {
		cancel()
		last = err
	}
	require.ErrorIs(t, last, context.Canceled)
	assert.Equal(t, 1, l.pages)
}

// 10,000 rows cost no more memory than some: what is kept is the last page's ids.
func TestListInConstantMemory(t *testing.T) { //nolint:paralleltest // measures what the whole program holds
	held := func(rows int) uint64 {
		c := testkit.Client(t, endlessList(rows))
		var peak uint64
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		base := m.HeapAlloc
		n := 0
		for _, err := range c.ListSessions(t.Context(), didit.ListSessionsParams{PageSize: 100}) {
			require.NoError(t, err)
			if n++; n%500 == 0 {
				runtime.GC()
				runtime.ReadMemStats(&m)
				if m.HeapAlloc > base {
					peak = max(peak, m.HeapAlloc-base)
				}
			}
		}
		assert.Equal(t, rows, n)
		return peak
	}
	few, many := held(1000), held(10_000)
	assert.Less(t, many, few+256<<10, "10,000 rows of 200 bytes would be 2 MB")
}

// endlessList makes its pages as they are asked for.
func endlessList(rows int) testkit.RoundTripper {
	return func(r *http.Request) (*http.Response, error) {
		q, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return nil, err
		}
		limit, _ := strconv.Atoi(q.Get("limit"))
		offset, _ := strconv.Atoi(q.Get("offset"))
		pr, pw := io.Pipe()
		go func() {
			_, _ = fmt.Fprintf(pw, `{"next":%v,"results":[`, map[bool]string{true: `"x"`, false: "null"}[offset+limit < rows])
			for n := offset; n < min(offset+limit, rows); n++ {
				if n > offset {
					_, _ = io.WriteString(pw, ",")
				}
				_, _ = fmt.Fprintf(pw, `{"session_id":%q,"session_number":%d,"filler":%q}`, rowID(n), n, strings.Repeat("f", 100))
			}
			_, _ = io.WriteString(pw, "]}")
			_ = pw.Close()
		}()
		resp := testkit.Answer(r, 200, "")
		resp.ContentLength, resp.Body = -1, pr
		return resp, nil
	}
}

// TestListWholeStandIn: 10,000 sessions of both kinds, while others come and go. None
// that was there all the time is missed.
func TestListWholeStandIn(t *testing.T) {
	t.Parallel()
	server := didittest.NewServer(didittest.WithHistory(0))
	defer server.Close()
	app := server.AddApplication("A")
	stay, leave := map[string]bool{}, []string{}
	for i := range 10_000 {
		kind := didit.KindUser
		if i%2 == 0 {
			kind = didit.KindBusiness
		}
		id := app.AddSession(didittest.SessionFixture{Kind: kind, NoDecision: true})
		if i%100 == 7 {
			leave = append(leave, id)
		} else {
			stay[id] = true
		}
	}
	n := 0
	for row, err := range app.Client().ListSessions(t.Context(), didit.ListSessionsParams{SessionKind: didit.KindAll, PageSize: 200}) {
		require.NoError(t, err)
		delete(stay, row.SessionID)
		if n++; n%90 == 0 && len(leave) > 0 {
			app.DeleteSession(leave[len(leave)-1]) // the newest, behind us: rows move up
			leave = leave[:len(leave)-1]
		}
		if n%70 == 0 {
			app.AddSession(didittest.SessionFixture{NoDecision: true}) // rows move down
		}
	}
	assert.Empty(t, stay)
	assert.GreaterOrEqual(t, n, 9_900)
}
