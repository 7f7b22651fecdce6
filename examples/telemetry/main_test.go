package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The program tells the whole story: each call, each attempt, and the lost answer.
func TestProgram(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, run(t.Context(), &out))
	text := out.String()
	for _, varies := range []struct{ what, with string }{
		{`(?m)  [\d.]+(µs|ms|s)$`, ""},
		{`duration=\S+`, "duration=D"},
		{`\b[0-9a-f]{32}\b`, "TRACE"},
		{`127\.0\.0\.1:\d+`, "HOST"},
	} {
		text = regexp.MustCompile(varies.what).ReplaceAllString(text, varies.with)
	}
	for _, want := range []string{
		`level=INFO msg="didit: call" operation=ImportSharedSession outcome=recovered duration=D attempts=1 status=0 trace_id=TRACE`,
		`hand over  trace TRACE
  didit.ShareSession  ok
    didit.ShareSession attempt  POST  http://HOST/v3/session/{id}/share/  503
    didit.ShareSession attempt  POST  http://HOST/v3/session/{id}/share/  200
take over  trace TRACE
  didit.ImportSharedSession  recovered
    didit.ImportSharedSession attempt  POST  http://HOST/v3/session/import-shared/  no answer
    didit.ListSessions attempt  GET  http://HOST/v3/sessions/  200
    didit.GetSession attempt  GET  http://HOST/v3/session/{id}/decision/  200
`,
		`didit_attempts_total{code="503",operation="ShareSession"} 1`,
		`didit_call_duration_seconds_count{operation="ImportSharedSession",outcome="recovered"} 1`,
	} {
		assert.Contains(t, text, want)
	}
	assert.NotContains(t, text, "customer-4711")
}
