package didit_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// rootList is a list that answers as Didit's does. Rows are numbers, newest first.
type rootList struct {
	rows   map[string][]int // by kind
	before func(page int)   // runs before each page
	next   string           // what next says where there is more
	pages  int
	offset []int // of each page
	limit  int
}

func rootRowID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

func (l *rootList) RoundTrip(r *http.Request) (*http.Response, error) {
	if l.before != nil {
		l.before(l.pages)
	}
	l.pages++
	if r.URL.Path != "/v3/sessions/" || r.Host != "" && r.Host != "verification.didit.me" {
		return nil, errors.New("the key was carried elsewhere")
	}
	q := r.URL.Query()
	limit, err1 := strconv.Atoi(q.Get("limit"))
	offset, err2 := strconv.Atoi(q.Get("offset"))
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	l.offset, l.limit = append(l.offset, offset), limit
	rows := l.rows[q.Get("session_kind")]
	page := rows[min(offset, len(rows)):min(offset+limit, len(rows))]
	var b strings.Builder
	b.WriteString(`{"next":`)
	if offset+limit < len(rows) {
		b.WriteString(strconv.Quote(l.next))
	} else {
		b.WriteString("null")
	}
	b.WriteString(`,"results":[`)
	for i, n := range page {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"session_id":%q,"session_number":%d}`, rootRowID(n), n)
	}
	b.WriteString("]}")
	return rootAnswer(r, 200, b.String()), nil
}

func rootNumbers(from, to int) []int { // from downwards
	var all []int
	for n := from; n >= to; n-- {
		all = append(all, n)
	}
	return all
}

func rootWalk(t *testing.T, c *didit.Client, params didit.ListSessionsParams) []int {
	t.Helper()
	var got []int
	for row, err := range c.ListSessions(t.Context(), params) {
		require.NoError(t, err)
		got = append(got, int(row.SessionNumber))
	}
	return got
}

func TestListPages(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{0, 1, 2, 3, 9, 10, 11, 19, 20, 100} {
		for _, size := range []int{1, 2, 3, 10, 50} {
			l := &rootList{rows: map[string][]int{"user": rootNumbers(rows, 1), "business": {5000}}, next: "https://evil.example/v3/sessions/?limit=10000"}
			got := rootWalk(t, rootClient(t, l), didit.ListSessionsParams{PageSize: size})
			assert.Equal(t, rootNumbers(rows, 1), got, "%d rows in pages of %d", rows, size)
			for i, offset := range l.offset {
				assert.Equal(t, i*(max(size, 2)-1), offset, "each page begins with the last row of the one before")
			}
		}
	}
}

func TestListAllIsTwoWalks(t *testing.T) {
	t.Parallel()
	l := &rootList{rows: map[string][]int{"user": rootNumbers(5, 1), "business": rootNumbers(14, 11)}, next: "x"}
	got := rootWalk(t, rootClient(t, l), didit.ListSessionsParams{SessionKind: didit.KindAll, PageSize: 3})
	assert.Equal(t, []int{5, 4, 3, 2, 1, 14, 13, 12, 11}, got)
	assert.Equal(t, []int{0, 2, 0, 2}, l.offset)
	got = rootWalk(t, rootClient(t, &rootList{rows: map[string][]int{"business": {7}}}), didit.ListSessionsParams{SessionKind: didit.KindAll})
	assert.Equal(t, []int{7}, got)
	got = rootWalk(t, rootClient(t, &rootList{rows: map[string][]int{"user": {7}, "business": {8}}}), didit.ListSessionsParams{})
	assert.Equal(t, []int{7}, got)
}

// Rows that come and go during the walk: no row that stayed is missed.
func TestListWhileRowsMove(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(rows []int, page int) []int
		once   bool // no row comes twice
	}{
		"one inserted before each page": {func(rows []int, page int) []int { return append([]int{1000 + page}, rows...) }, true},
		"more inserted before each page than it has": {func(rows []int, page int) []int {
			if page > 5 {
				return rows
			}
			return append(rootNumbers(1000+7*page+6, 1000+7*page), rows...)
		}, false},
		"the newest deleted": {func(rows []int, page int) []int {
			if page == 0 || len(rows) < 30 {
				return rows
			}
			return rows[1:]
		}, true},
		"the newest three deleted": {func(rows []int, page int) []int {
			if page == 0 || len(rows) < 30 {
				return rows
			}
			return rows[3:]
		}, true},
		"the row that overlaps deleted": {func(rows []int, page int) []int {
			at := page * 4
			if page == 0 || page > 6 || at >= len(rows) {
				return rows
			}
			return slices.Delete(slices.Clone(rows), at, at+1)
		}, false},
		"all that were seen deleted": {func(rows []int, page int) []int {
			if page == 1 {
				return rows[5:]
			}
			return rows
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := &rootList{rows: map[string][]int{"user": rootNumbers(60, 1)}, next: "x"}
			l.before = func(page int) { l.rows["user"] = test.change(l.rows["user"], page) }
			got := rootWalk(t, rootClient(t, l), didit.ListSessionsParams{PageSize: 5})
			for _, n := range l.rows["user"] {
				if n <= 60 {
					assert.Contains(t, got, n, "stayed, and was missed")
				}
			}
			if test.once {
				seen := slices.Clone(got)
				slices.Sort(seen)
				assert.Equal(t, slices.Compact(slices.Clone(seen)), seen, "twice")
			}
			assert.Less(t, l.pages, 60)
		})
	}
}

// Rows come and go at random: none that stayed is missed, and few come twice.
func TestListWhileRowsMoveAtRandom(t *testing.T) {
	t.Parallel()
	const size = 50
	rows, twice := 0, 0
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 1))
		l := &rootList{rows: map[string][]int{"user": rootNumbers(2800, 1)}, next: "x"}
		newest := 10_000
		l.before = func(page int) {
			all := l.rows["user"]
			switch r.IntN(4) {
			case 0: // some new ones
				for range r.IntN(2 * size) {
					newest++
					all = slices.Insert(all, 0, newest)
				}
			case 1: // some deleted, anywhere
				for range r.IntN(size) {
					at := r.IntN(len(all))
					all = slices.Delete(all, at, at+1)
				}
			case 2: // a run deleted, where the walk is
				at := min(page*(size-1), len(all)-size)
				all = slices.Delete(all, at, at+r.IntN(size))
			}
			l.rows["user"] = all
		}
		seen := map[int]int{}
		for _, n := range rootWalk(t, rootClient(t, l), didit.ListSessionsParams{PageSize: size}) {
			seen[n]++
		}
		for _, n := range l.rows["user"] {
			if n <= 2800 {
				assert.Positive(t, seen[n], "stayed, and was missed")
			}
		}
		for _, n := range seen {
			rows, twice = rows+1, twice+n-1
		}
	}
	t.Logf("%d rows, %d of them twice", rows, twice)
	assert.Less(t, twice*2800, 15*rows, "of 2,800 rows")
}

// Rows that are added in a burst push what was seen down: whole pages bring nothing,
// and that is not a list without end.
func TestListPushedDown(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 2, 5, 50} {
		for pushed := range 4 * (max(size, 2) - 1) {
			l := &rootList{rows: map[string][]int{"user": rootNumbers(500, 1)}, next: "x"}
			l.before = func(page int) {
				if page == 6 {
					l.rows["user"] = append(rootNumbers(1000+pushed, 1001), l.rows["user"]...)
				}
			}
			assert.Equal(t, rootNumbers(500, 1), rootWalk(t, rootClient(t, l), didit.ListSessionsParams{PageSize: size}), "%d in pages of %d", pushed, size)
		}
	}
}

// All rows of the pages that are remembered are deleted: the walk steps back page by
// page to the list's beginning and goes on from there. The pages on its way forward
// are no reason to end it.
func TestListStepsBack(t *testing.T) {
	t.Parallel()
	for gone := range 60 { // of the 31 that were seen, from the last backwards
		l := &rootList{rows: map[string][]int{"user": rootNumbers(200, 1)}, next: "x"}
		l.before = func(page int) {
			if page == 6 {
				last := 200 - l.rows["user"][31] + 31 // index behind the last that was seen
				l.rows["user"] = slices.Delete(l.rows["user"], max(0, last-gone), last)
			}
		}
		got := rootWalk(t, rootClient(t, l), didit.ListSessionsParams{PageSize: 6})
		for _, n := range l.rows["user"] {
			assert.Contains(t, got, n, "%d gone: stayed, and was missed", gone)
		}
		assert.Less(t, l.pages, 70)
	}
}

// However a server answers, a walk that brings nothing ends.
func TestListOfAServerThatLies(t *testing.T) {
	t.Parallel()
	page := func(numbers ...int) string {
		var rows []string
		for _, n := range numbers {
			rows = append(rows, fmt.Sprintf(`{"session_id":%q}`, rootRowID(n)))
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
		c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
			if requests++; requests > 100 {
				return rootAnswer(r, 418, ""), nil
			}
			offset, err := strconv.Atoi(r.URL.Query().Get("offset"))
			if err != nil {
				return nil, err
			}
			return rootAnswer(r, 200, answer(offset)), nil
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
		"the same row for ever": `{"next":true,"results":[{"session_id":"` + rootSession + `"}]}`,
		"next of another type":  `{"next":{"url":"x"},"results":[]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen []rootSeen
			var last error
			for _, err := range rootClient(t, rootRecorder(&seen, 200, body)).ListSessions(t.Context(), didit.ListSessionsParams{SessionKind: didit.KindAll}) {
				last = err
			}
			var failure *didit.CallError
			require.ErrorAs(t, last, &failure)
			assert.Equal(t, "ListSessions", failure.Operation)
			assert.LessOrEqual(t, len(seen), 3)
			for _, s := range seen {
				assert.Contains(t, s.url, "session_kind=user")
			}
		})
	}
	for _, next := range []string{`null`, `""`} {
		var seen []rootSeen
		for _, err := range rootClient(t, rootRecorder(&seen, 200, `{"next":`+next+`,"results":[]}`)).ListSessions(t.Context(), didit.ListSessionsParams{}) {
			require.NoError(t, err)
		}
		assert.Len(t, seen, 1)
	}
}

// Leaving the loop ends the requests; nothing is asked for before the loop begins.
func TestListIsLazy(t *testing.T) {
	t.Parallel()
	l := &rootList{rows: map[string][]int{"user": rootNumbers(100, 1), "business": rootNumbers(100, 1)}, next: "x"}
	seq := rootClient(t, l).ListSessions(t.Context(), didit.ListSessionsParams{SessionKind: didit.KindAll, PageSize: 10})
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
	l := &rootList{rows: map[string][]int{"user": rootNumbers(100, 1)}, next: "x"}
	c := rootClient(t, rootTrip(func(r *http.Request) (*http.Response, error) {
		if l.pages == 2 {
			return rootAnswer(r, 403, `{"detail":"no customer-oriane-4711"}`), nil
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
	for _, err := range rootClient(t, l).ListSessions(ctx, didit.ListSessionsParams{PageSize: 10}) {
		cancel()
		last = err
	}
	require.ErrorIs(t, last, context.Canceled)
	assert.Equal(t, 1, l.pages)
}

// 10,000 rows cost no more memory than some: what is kept is the last page's ids.
func TestListInConstantMemory(t *testing.T) { //nolint:paralleltest // measures what the whole program holds
	held := func(rows int) uint64 {
		c := rootClient(t, rootEndlessList(rows))
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

// rootEndlessList makes its pages as they are asked for.
func rootEndlessList(rows int) rootTrip {
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
				_, _ = fmt.Fprintf(pw, `{"session_id":%q,"session_number":%d,"filler":%q}`, rootRowID(n), n, strings.Repeat("f", 100))
			}
			_, _ = io.WriteString(pw, "]}")
			_ = pw.Close()
		}()
		resp := rootAnswer(r, 200, "")
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
