package answer

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestText(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		`""`: "", `"Zoë"`: "Zoë", `"a\"b"`: `a"b`, `"\u0041"`: "A", "\"a\xff\"": "a\ufffd",
	} {
		assert.Equal(t, want, Text([]byte(data)), data)
	}
}

func TestNullText(t *testing.T) {
	t.Parallel()
	for member, want := range map[string]NullText{
		``:                    {},
		`"shared_from":null`:  {Sent: true},
		`"shared_from":"x"`:   {Text: "x", Sent: true},
		`"shared_from":""`:    {Sent: true},
		`"shared_from":7`:     {},
		`"shared_from":{}`:    {},
		`"shared_from":["x"]`: {},
	} {
		var v struct {
			SharedFrom NullText `json:"shared_from"`
		}
		require.NoError(t, json.Unmarshal([]byte("{"+member+"}"), &v))
		assert.Equal(t, want, v.SharedFrom, member)
	}
}

func TestTime(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		`"2026-10-01T09:36:00Z"`:         "2026-10-01T09:36:00Z",
		`"2026-10-01T11:36:00.5+02:00"`:  "2026-10-01T09:36:00.5Z",
		`"2026-10-01T09:36:00.123456"`:   "2026-10-01T09:36:00.123456Z",
		`"2026-10-01 11:36:00.25+02:00"`: "2026-10-01T09:36:00.25Z",
		`"2026-10-01"`:                   "2026-10-01T00:00:00Z",
		`"0000-12-31T23:00:00Z"`:         "",
		`"9999-12-31T23:59:59-01:00"`:    "",
		`"31.01.1990"`:                   "",
		`""`:                             "",
		`null`:                           "",
		`1700000000`:                     "",
		`[]`:                             "",
	} {
		at := Time(time.Now())
		require.NoError(t, json.Unmarshal([]byte(data), &at))
		got := time.Time(at)
		if want == "" {
			assert.Zero(t, got, data)
			continue
		}
		assert.Equal(t, want, got.Format(time.RFC3339Nano), data)
		assert.Equal(t, time.UTC, got.Location())
	}
}
