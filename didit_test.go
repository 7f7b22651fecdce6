package didit_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

func TestClientThatWasNotMade(t *testing.T) {
	t.Parallel()
	for _, c := range []*didit.Client{nil, {}} {
		for _, call := range testkit.Calls() {
			assert.Contains(t, testkit.Fields(t, call.Do(t, c)), "Client", call.Name)
		}
		_, err := c.FindImportedSession(t.Context(), didit.FindImportedSessionParams{})
		assert.Contains(t, testkit.Fields(t, err), "Client")
	}
	assert.Equal(t, "didit.Client(not made by NewClient)", (didit.Client{}).String())
	assert.Equal(t, "<nil>", fmt.Sprintf("%v", (*didit.Client)(nil)))

	c := testkit.Client(t, testkit.Mock(t))
	_, err := c.GetSession(nil, testkit.SessionID) //nolint:staticcheck // a nil context is what is tested
	assert.Equal(t, []string{"ctx"}, testkit.Fields(t, err))
	assert.Equal(t, []string{"ctx"}, testkit.Fields(t, c.Do(nil, "GET", "/v3/", nil, nil))) //nolint:staticcheck // likewise
}

func TestClientPrinting(t *testing.T) {
	t.Parallel()
	c := testkit.Client(t, testkit.Mock(t), didit.WithApplicationID(strings.ToUpper(testkit.ApplicationA)))
	const want = "didit.Client(verification.didit.me " + testkit.ApplicationA + ")"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		assert.Equal(t, want, fmt.Sprintf(verb, c))
		assert.Equal(t, want, fmt.Sprintf(verb, *c))
	}
	assert.Equal(t, want, c.GoString())
	assert.Equal(t, want, c.LogValue().String())
	assert.False(t, reaches(reflect.ValueOf(c), "Zq8wN3vTt1Lk"), "reflection reaches the key")
	// The search itself does find what is there to find.
	assert.True(t, reaches(reflect.ValueOf(c), "verification.didit.me"))
}

// reaches follows everything that reflection can follow, unexported fields too.
func reaches(v reflect.Value, needle string) bool {
	seen := map[uintptr]bool{}
	var walk func(v reflect.Value) bool
	walk = func(v reflect.Value) bool {
		switch v.Kind() {
		case reflect.String:
			return strings.Contains(v.String(), needle)
		case reflect.Pointer:
			if v.IsNil() || seen[v.Pointer()] {
				return false
			}
			seen[v.Pointer()] = true
			return walk(v.Elem())
		case reflect.Interface:
			return !v.IsNil() && walk(v.Elem())
		case reflect.Struct:
			for _, field := range v.Fields() {
				if walk(field) {
					return true
				}
			}
		case reflect.Slice, reflect.Array:
			if v.Type().Elem().Kind() == reflect.Uint8 && v.Kind() == reflect.Slice {
				return strings.Contains(string(v.Bytes()), needle)
			}
			for i := range v.Len() {
				if walk(v.Index(i)) {
					return true
				}
			}
		case reflect.Map:
			for it := v.MapRange(); it.Next(); {
				if walk(it.Key()) || walk(it.Value()) {
					return true
				}
			}
		default:
		}
		return false
	}
	return walk(v)
}
