package didit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

// fixture reads a file of testdata.
func fixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return data
}

// unusable names the sentinel of a success whose body is of no use.
func unusable(body string) []string {
	if strings.HasPrefix(body, "{") || strings.HasPrefix(body, "[") {
		return testkit.Names("ResultLost")
	}
	return testkit.Names("OutcomeUnknown")
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

type refusing struct{ err error }

func (l *refusing) Wait(context.Context) error { return l.err }

// listServer is a list that answers as Didit's does. Rows are numbers, newest first.
type listServer struct {
	rows   map[string][]int // by kind
	before func(page int)   // runs before each page
	next   string           // what next says where there is more
	pages  int
	offset []int // of each page
	limit  int
}

func rowID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

func (l *listServer) RoundTrip(r *http.Request) (*http.Response, error) {
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
		fmt.Fprintf(&b, `{"session_id":%q,"session_number":%d}`, rowID(n), n)
	}
	b.WriteString("]}")
	return testkit.Answer(r, 200, b.String()), nil
}

func numbers(from, to int) []int { // from downwards
	var all []int
	for n := from; n >= to; n-- {
		all = append(all, n)
	}
	return all
}

func walk(t *testing.T, c *didit.Client, params didit.ListSessionsParams) []int {
	t.Helper()
	var got []int
	for row, err := range c.ListSessions(t.Context(), params) {
		require.NoError(t, err)
		got = append(got, int(row.SessionNumber))
	}
	return got
}

func parseFixture(t *testing.T, name string) *didit.Session {
	t.Helper()
	s, err := didit.ParseSession(fixture(t, name+".json"))
	require.NoError(t, err)
	return s
}

// parseBlocks decodes a session that has these members besides its id.
func parseBlocks(t *testing.T, members string) *didit.Session {
	t.Helper()
	s, err := didit.ParseSession([]byte(`{"session_id":"3c0a7f52-1d4e-4b6a-9f08-5a2b7c9d1e01",` + members + `}`))
	require.NoError(t, err)
	return s
}

func rawJSON(text string) json.RawMessage { return json.RawMessage(text) }

func rawList(items ...string) []json.RawMessage {
	list := make([]json.RawMessage, len(items))
	for i := range items {
		list[i] = rawJSON(items[i])
	}
	return list
}

func stampAt(t *testing.T, text string) didit.Timestamp {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	require.NoError(t, err)
	return didit.Timestamp{Time: at.UTC()}
}

func check(node string, status didit.FeatureStatus, warnings []didit.Warning) didit.Check {
	return didit.Check{NodeID: node, Status: status, Warnings: warnings}
}
