package didit

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/didit-go/didit/internal/setting"
)

// ValidationError is a local refusal: this call sent nothing that changes
// anything. It names every problem at once and quotes no value that may be a
// secret or personal.
type ValidationError struct{ Problems []Problem }

func (e *ValidationError) Error() string {
	if e == nil {
		return nilError
	}
	parts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		parts[i] = p.Field + " " + p.Message
	}
	return "didit: refused locally: " + strings.Join(parts, "; ")
}

// Unwrap returns ErrInvalidParams and the sentinels of the problems.
func (e *ValidationError) Unwrap() []error {
	if e == nil {
		return nil
	}
	all := []error{ErrInvalidParams}
	for _, p := range e.Problems {
		if p.Err != nil {
			all = append(all, p.Err)
		}
	}
	return all
}

// Problem is one thing to mend.
type Problem struct {
	Field   string // the param or option, "TTL", "WithBaseURL"
	Message string
	Err     error // its sentinel, if it has one
}

// MarshalJSON writes the problems' fields and messages.
func (p Problem) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{"field": p.Field, "message": p.Message})
}

// problems collects what is wrong with a call's params.
type problems []Problem

func (p *problems) add(field, message string, sentinel error) {
	*p = append(*p, Problem{Field: field, Message: message, Err: sentinel})
}

// err returns all problems as one error, or nil.
func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return &ValidationError{Problems: p}
}

// checkID returns an id of Didit's in lower case, "" where it is none.
func checkID(p *problems, field, id string) string {
	lower, problem := setting.ID(id)
	if problem != "" {
		p.add(field, problem, nil)
	}
	return lower
}

// checkText refuses what JSON cannot carry: it would be replaced silently.
func checkText(p *problems, field, text string) {
	if !utf8.ValidString(text) {
		p.add(field, "is not valid UTF-8", nil)
	}
}

// trimText trims as Didit does every text: it is written in Python, whose white space
// includes four separators that Go's does not.
func trimText(text string) string {
	return strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f })
}

// encode makes a body. What cannot be encoded is the caller's own type.
func encode(p *problems, field string, body any) []byte {
	data, err := json.Marshal(body)
	if err != nil {
		p.add(field, "cannot be encoded as JSON", nil)
	}
	return data
}
