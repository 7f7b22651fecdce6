package didit_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

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
			return append(numbers(1000+7*page+6, 1000+7*page), rows...)
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
			l := &listServer{rows: map[string][]int{"user": numbers(60, 1)}, next: "x"}
			l.before = func(page int) { l.rows["user"] = test.change(l.rows["user"], page) }
			got := walk(t, testkit.Client(t, l), didit.ListSessionsParams{PageSize: 5})
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
		l := &listServer{rows: map[string][]int{"user": numbers(2800, 1)}, next: "x"}
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
		for _, n := range walk(t, testkit.Client(t, l), didit.ListSessionsParams{PageSize: size}) {
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
			l := &listServer{rows: map[string][]int{"user": numbers(500, 1)}, next: "x"}
			l.before = func(page int) {
				if page == 6 {
					l.rows["user"] = append(numbers(1000+pushed, 1001), l.rows["user"]...)
				}
			}
			assert.Equal(t, numbers(500, 1), walk(t, testkit.Client(t, l), didit.ListSessionsParams{PageSize: size}), "%d in pages of %d", pushed, size)
		}
	}
}

// All rows of the pages that are remembered are deleted: the walk steps back page by
// page to the list's beginning and goes on from there. The pages on its way forward
// are no reason to end it.
func TestListStepsBack(t *testing.T) {
	t.Parallel()
	for gone := range 60 { // of the 31 that were seen, from the last backwards
		l := &listServer{rows: map[string][]int{"user": numbers(200, 1)}, next: "x"}
		l.before = func(page int) {
			if page == 6 {
				last := 200 - l.rows["user"][31] + 31 // index behind the last that was seen
				l.rows["user"] = slices.Delete(l.rows["user"], max(0, last-gone), last)
			}
		}
		got := walk(t, testkit.Client(t, l), didit.ListSessionsParams{PageSize: 6})
		for _, n := range l.rows["user"] {
			assert.Contains(t, got, n, "%d gone: stayed, and was missed", gone)
		}
		assert.Less(t, l.pages, 70)
	}
}
