package handoff

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/setting"
)

// problems collects what is wrong with what a caller gives, or a partner sends.
type problems []didit.Problem

func (p *problems) add(field, message string, sentinel error) {
	*p = append(*p, didit.Problem{Field: field, Message: message, Err: sentinel})
}

// err returns all problems as one *didit.ValidationError, or nil.
func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return &didit.ValidationError{Problems: p}
}

// uuid checks an id of Didit's and puts it into lower case.
func (p *problems) uuid(field string, id *string) {
	lower, problem := setting.ID(*id)
	if problem != "" {
		p.add(field, problem, nil)
		return
	}
	*id = lower
}

// id checks the id of a hand-off.
func (p *problems) id(id string) {
	if !isID(id) {
		p.add("ID", `must be 1 to 128 of A-Z, a-z, 0-9, _ and -, such as "job-4711"`, nil)
	}
}

const maxText = 256

// text checks what both sides print and compare.
func (p *problems) text(field, s string, required bool) {
	odd := func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }
	switch {
	case s == "" && required:
		p.add(field, "is required", nil)
	case len(s) > maxText:
		p.add(field, "is longer than 256 bytes", nil)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, odd):
		p.add(field, "has a character that cannot be printed", nil)
	case strings.TrimSpace(s) != s:
		p.add(field, "must not begin or end with a space", nil)
	}
}
