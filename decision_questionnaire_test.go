package didit_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
)

func TestQuestionnaireResponses(t *testing.T) {
	t.Parallel()
	answer := func(node, text string) didit.QuestionnaireResponse {
		return didit.QuestionnaireResponse{Check: didit.Check{NodeID: node}, Answer: rawJSON(text)}
	}
	full := answer("node_2", `{"status":"In Review","version":2}`)
	full.Status, full.Version = didit.FeatureInReview, 2
	named := answer("own", `{"node_id":"own"}`)
	tests := map[string]struct {
		responses string
		want      didit.QuestionnaireResponses
	}{
		"list":         {`[{"node_id":"a","title":"A"},{"node_id":"b"}]`, didit.QuestionnaireResponses{{Check: didit.Check{NodeID: "a"}, Title: "A"}, {Check: didit.Check{NodeID: "b"}}}},
		"wrong inside": {`[{"node_id":"a","version":"three","title":"A"}]`, didit.QuestionnaireResponses{{Check: didit.Check{NodeID: "a"}, Title: "A"}}},
		"by node": {
			`{"node_2":{"status":"In Review","version":2},"node_1":"Yes","node_3":null,"key":{"node_id":"own"}}`,
			didit.QuestionnaireResponses{full, answer("node_1", `"Yes"`), answer("node_3", "null"), named},
		},
		"one alone": {`{"questionnaire_id":"q","title":"A"}`, didit.QuestionnaireResponses{{QuestionnaireID: "q", Title: "A"}}},
		"empty":     {`{}`, nil},
		"null":      {`null`, nil},
		"a text":    {`"none"`, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := parseBlocks(t, `"questionnaire_responses":`+test.responses+`,"callback":"after"`)
			assert.Equal(t, test.want, s.QuestionnaireResponses)
			assert.Equal(t, "after", s.Callback)

			data, err := json.Marshal(s)
			require.NoError(t, err)
			again, err := didit.ParseSession(data)
			require.NoError(t, err)
			assert.Equal(t, test.want, again.QuestionnaireResponses, "the list form of what was keyed")
		})
	}
	var q didit.QuestionnaireResponses
	require.Error(t, q.UnmarshalJSON([]byte(`{"a":`)))
	require.Error(t, q.UnmarshalJSON([]byte(`[`)))
	require.NoError(t, q.UnmarshalJSON(nil))

	many := `{"n":0` + strings.Repeat(`,"n":0`, 9_999)
	require.NoError(t, q.UnmarshalJSON([]byte(many+"}")))
	assert.Len(t, q, 10_000)
	require.Error(t, q.UnmarshalJSON([]byte(many+`,"n":0}`)))
	assert.Empty(t, q)
}
