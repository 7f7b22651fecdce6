package answer_test

import (
	"runtime"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/answer"
)

// attacks are bodies of a size that say as much as they can.
var attacks = []struct{ name, before, item, after string }{
	{"one list", `"id_verifications":[`, `{},`, `{}]`},
	{"lists of lists", `"id_verifications":[`, `[{}],`, `{}]`},
	{"many lists in a list", `"registry_checks":[{"officers":[`, `[1],[2],`, `1]}]`},
	{"nested lists", `"reviews":[`, `[[[[[[[[1]]]]]]]],`, `1]`},
	{"long lists in a list", `"aml_screenings":[`, `{"hits":[{},{},{},{},{},{},{},{},{},{}]},`, `{}]`},
	{"warnings of every check", `"liveness_checks":[`, `{"warnings":[{},{}]},`, `{}]`},
	{"members that are lists", ``, `"id_verifications":[{}],"face_matches":[{},{}],"aml_screenings":[{"hits":[{}]}],`, `"reviews":[]`},
	{"members that are longer lists", ``, `"id_verifications":[` + strings.Repeat("{},", 99) + `{}],`, `"reviews":[]`},
	{"questionnaires", `"questionnaire_responses":[`, `{"sections":[{"items":[{}]}]},`, `{}]`},
	{"several long lists", ``, longLists("id_verifications", "aml_screenings", "registry_checks", "poa_verifications", "nfc_verifications"), `"reviews":[]`},
	{"one list of numbers", `"features":[`, `1,`, `1]`},
}

// longLists are members that are lists of 9,999 empty objects.
func longLists(keys ...string) string {
	var b strings.Builder
	for _, key := range keys {
		b.WriteString(`"` + key + `":[` + strings.Repeat("{},", 9998) + `{}],`)
	}
	return b.String()
}

// attack makes a body of at least so many bytes.
func attack(before, item, after string, size int) []byte {
	return []byte(`{"session_id":"0d4e7b1c-2f3a-4c5d-9e8f-a1b2c3d4e5f6",` + before + strings.Repeat(item, size/len(item)) + after + `}`)
}

// TestHeap: a body of 16 MiB that is refused costs nothing, and one with as many items
// as are let pass stays in proportion.
func TestHeap(t *testing.T) { //nolint:paralleltest // what is allocated is counted
	allocated := func(body []byte) (uint64, error) {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		_, err := didit.ParseSession(body)
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc, err
	}
	const mib = 1 << 20
	for _, a := range attacks { //nolint:paralleltest // likewise
		t.Run(a.name, func(t *testing.T) {
			n, err := allocated(attack(a.before, a.item, a.after, 16*mib-mib/4))
			require.Error(t, err)
			assert.Less(t, n, uint64(mib), "refused")

			// The largest that passes: white space makes up for the size.
			body := func(n int) []byte {
				return append(attack(a.before, a.item, a.after, n*len(a.item)), strings.Repeat(" ", 512<<10)...)
			}
			items := sort.Search(min(50_000, 16*mib/len(a.item)), func(n int) bool { return !answer.Bounded(body(n + 1)) })
			largest := body(items)
			n, err = allocated(largest)
			t.Logf("%d times: %d KiB of JSON, %d KiB allocated", items, len(largest)>>10, n>>10)
			require.NoError(t, err)
			assert.Less(t, n, uint64(256*mib))
		})
	}
}
