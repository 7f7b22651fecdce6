package mergepatch_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/didittest/internal/mergepatch"
)

// RFC 7396, appendix A, as far as both are objects; and numbers that no float64 holds.
func TestApply(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ document, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`}, {`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`}, {`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`}, {`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`}, {`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`}, {`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`}, {`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
	} {
		got, err := mergepatch.Apply([]byte(test.document), []byte(test.patch))
		require.NoError(t, err)
		assert.JSONEq(t, test.want, string(got))
	}
	got, err := mergepatch.Apply([]byte(`{"a":12345678901234567890.10}`), []byte(`{"b":"<&>"}`))
	require.NoError(t, err)
	assert.Equal(t, `{"a":12345678901234567890.10,"b":"<&>"}`, string(got)) //nolint:testifylint // the text of numbers matters
	for _, bad := range []string{``, `{`, `[]`} {
		_, err := mergepatch.Apply([]byte(`{}`), []byte(bad))
		require.Error(t, err)
	}
}
