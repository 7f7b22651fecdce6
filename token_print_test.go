package didit_test

import (
	"fmt"
	"testing"

	"github.com/davecgh/go-spew/spew"
	"github.com/stretchr/testify/assert"

	"github.com/didit-go/didit"
)

// TestTokenPrinters: go-spew follows pointers into unexported fields, and testify's
// diff prints with it, without the methods of a type.
func TestTokenPrinters(t *testing.T) {
	t.Parallel()
	text := tokenOf(nil).Reveal()
	holder := struct {
		Exported   didit.ShareToken
		unexported didit.ShareToken
		pointer    *didit.ShareToken
		shared     didit.SharedSession
	}{Exported: didit.NewShareToken(text), unexported: didit.NewShareToken(text)}
	holder.pointer, holder.shared.Token = &holder.Exported, holder.unexported
	noMethods := spew.ConfigState{DisableMethods: true, Indent: " "}
	for name, printed := range map[string]string{
		"Dump": spew.Sdump(holder, &holder), "no methods": noMethods.Sdump(holder), "Printf": spew.Sprintf("%+v %#v", holder, holder),
		"fmt": fmt.Sprintf("%v %+v %#v", holder, holder, holder), "%x": fmt.Sprintf("%x %q", holder.pointer, holder.shared),
	} {
		for i := range len(text) - 8 {
			assert.NotContains(t, printed, text[i:i+8], name)
		}
	}
	var diff recorded
	assert.Equal(&diff, holder.Exported, didit.NewShareToken("another"))
	assert.Contains(t, diff.text, "Not equal")
	assert.NotContains(t, diff.text, text[:8])
	assert.NotContains(t, diff.text, "another")

	assert.Equal(t, didit.NewShareToken(text), holder.Exported)
	assert.Equal(t, holder.unexported, holder.Exported)
	assert.NotEqual(t, didit.NewShareToken(text+"x"), holder.Exported)
	assert.Equal(t, text, holder.Exported.Reveal())
}

// recorded is a test that remembers what it was told.
type recorded struct{ text string }

func (r *recorded) Errorf(format string, args ...any) { r.text += fmt.Sprintf(format, args...) }
