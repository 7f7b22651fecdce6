package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// TestShareAgainThenImport: what "bulk share" leaves after a second run is a list that
// "bulk import" takes.
func TestShareAgainThenImport(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"table", "json"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			late := w.a.AddSession(didittest.SessionFixture{Status: didit.StatusInProgress})
			never := w.a.AddSession(didittest.SessionFixture{Status: didit.StatusInProgress})
			list := w.write(t, "list.csv", w.many(3)+"late,"+late+"\nnever,"+never+"\n")
			share := w.as(w.aKey, "bulk", "share", "--in", list, "--for", w.b.ID, "--results", w.path("tokens"), "--resume", w.path("shared"), "-o", format)
			assert.Equal(t, exitRefused, cli(t, "", share...).code)
			w.a.SetStatus(late, didit.StatusApproved)
			assert.Equal(t, exitRefused, cli(t, "", share...).code)

			imports := w.as(w.bKey, "bulk", "import", "--in", w.path("tokens"), "--workflow", w.b.Workflow(didit.KindUser), "--review", "trust_source",
				"--id-as-vendor-data", "--resume", w.path("imported"), "-o", format)
			r := cli(t, "", imports...).done(t)
			assert.Equal(t, "4 done, 0 failed, 0 done before, 1 without a token\n", r.errs)
			assert.Len(t, w.b.Sessions(), 4)
			r = cli(t, "", append(imports, "--results", w.path("copies"))...).done(t)
			if format == "table" {
				assert.Regexp(t, `done before +4\nwithout token +1\n`, r.out)
			} else {
				assert.Contains(t, r.out, `"done_before":4,"without_token":1,`)
			}
			standardInput := append(imports, "--in", "-")
			assert.Contains(t, cli(t, w.read(t, "tokens"), standardInput...).done(t).errs, "4 done before, 1 without a token")
		})
	}
}

// TestTokensOfOneID: of several tokens of one id and session, the first that lives counts.
func TestTokensOfOneID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	imports := w.as(w.bKey, "bulk", "import", "--workflow", w.b.Workflow(didit.KindUser), "--review", "trust_source", "-o", "json")
	session, gone, other := w.session(), w.session(), w.session()
	fresh := func(session string) string { return w.a.Share(session, w.b, 0).Reveal() }
	expired := func(session string, ago time.Duration) string {
		return didittest.Token(didit.ShareClaims{
			SessionID: session, FromApplicationID: w.a.ID, ForApplicationID: w.b.ID, ExpiresAt: time.Now().Add(-ago),
		}).Reveal()
	}
	rows := []struct{ id, token string }{
		{"a", expired(session, time.Hour)}, {"a", fresh(session)}, {"a", fresh(session)}, {"a", expired(session, time.Minute)},
		{"gone", expired(gone, 2*time.Hour)}, {"gone", expired(gone, time.Hour)},
		{"a", fresh(other)}, // somebody else
	}
	list := "id,share_token,error\n,,cut short\na,,of a later run\n"
	for _, r := range rows {
		list += r.id + "," + r.token + ",\n"
	}
	r := cli(t, list, imports...)
	assert.Equal(t, exitRefused, r.code, r.errs)
	assert.Contains(t, r.errs, "1 done, 2 failed, 0 done before, 1 without a token\n")
	assert.Equal(t, 1, strings.Count(r.out, "has expired"))
	assert.Equal(t, 1, strings.Count(r.out, "id was told before in this run"))
	require.Len(t, w.b.Sessions(), 1)
	assert.Equal(t, session, w.b.Sessions()[0].SharedFrom)

	// A list in a file says how many there will be; a row with neither token nor error is
	// still one.
	var total int
	tool := &tool{}
	items, err := tool.openItems(t.Context(), w.write(t, "list.csv", list+"b,,\n"), importColumns)
	require.NoError(t, err)
	defer items.end()
	for range items.rows() { //nolint:errcheck // none is read
		total++
	}
	assert.Equal(t, 4, total)
	assert.Equal(t, total, items.total)
	assert.Equal(t, 1, items.unshared)
}
