package didit

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"

	"github.com/didit-go/didit/internal/answer"
)

// QuestionnaireResponses are the questionnaires of a session. Didit sends them as a
// list, older versions as an object keyed by question node: each of its members is
// one item here, with its key as NodeID and what was sent for it in Answer.
type QuestionnaireResponses []QuestionnaireResponse

// UnmarshalJSON reads the list and the object.
func (q *QuestionnaireResponses) UnmarshalJSON(data []byte) error {
	*q = nil
	switch {
	case len(data) == 0:
	case data[0] == '[':
		return answer.Lenient(json.Unmarshal(data, (*[]QuestionnaireResponse)(q)), data, (*[]QuestionnaireResponse)(q))
	case data[0] == '{':
		var one QuestionnaireResponse
		if err := answer.Lenient(json.Unmarshal(data, &one), data, &one); err != nil {
			return err
		}
		if one.QuestionnaireID != "" || one.Title != "" || one.Status != "" || len(one.Sections) > 0 {
			*q = QuestionnaireResponses{one} // a single questionnaire, in no list
			return nil
		}
		return q.keyed(data)
	}
	return nil
}

// keyed reads the object keyed by question node, in the order in which it was sent.
func (q *QuestionnaireResponses) keyed(data []byte) error {
	complete := answer.Members(data, maxKeyed, func(node string, value []byte) {
		var r QuestionnaireResponse
		_ = json.Unmarshal(value, &r) // of an answer that is no object, nothing
		r.Answer = bytes.Clone(value)
		r.NodeID = cmp.Or(r.NodeID, node)
		*q = append(*q, r)
	})
	if !complete {
		*q = nil
		return errors.New("more than 10,000 questionnaire responses")
	}
	return nil
}

// QuestionnaireResponse is one questionnaire with its answers.
//
// https://docs.didit.me/reference/data-models
type QuestionnaireResponse struct {
	Check
	QuestionnaireID       string                 `json:"questionnaire_id"`
	Title                 string                 `json:"title"`
	Description           string                 `json:"description"`
	Languages             []string               `json:"languages,omitempty"`
	DefaultLanguage       string                 `json:"default_language"`
	IsActive              bool                   `json:"is_active"`
	IsSimpleQuestionnaire bool                   `json:"is_simple_questionnaire"`
	QuestionnaireGroupID  string                 `json:"questionnaire_group_id"`
	Version               int                    `json:"version"`
	PublishedAt           Timestamp              `json:"published_at,omitzero"`
	Sections              []QuestionnaireSection `json:"sections,omitempty"`
	Answer                json.RawMessage        `json:"answer,omitempty"` // the object form only
}

// QuestionnaireSection is a part of a questionnaire.
type QuestionnaireSection struct {
	Title       string              `json:"title"`
	Description string              `json:"description"`
	Items       []QuestionnaireItem `json:"items,omitempty"`
}

// QuestionnaireItem is a question and what was answered to it.
type QuestionnaireItem struct {
	UUID        string            `json:"uuid"`
	ElementType string            `json:"element_type"` // "SHORT_TEXT", ...
	Title       string            `json:"title"`
	Description string            `json:"description"`
	Value       json.RawMessage   `json:"value,omitempty"`
	Answer      json.RawMessage   `json:"answer,omitempty"`  // some answers have this instead
	Choices     []json.RawMessage `json:"choices,omitempty"` // of which the answer is one or more
	IsRequired  bool              `json:"is_required"`
	Placeholder string            `json:"placeholder"`
}
