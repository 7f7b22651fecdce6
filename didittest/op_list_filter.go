package didittest

import (
	"slices"
	"strings"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest/internal/random"
)

// filter is what a list asks for.
type filter struct {
	vendorData  *string
	statuses    []string
	workflows   []string
	countries   []string
	documents   []string
	from, until time.Time // until is exclusive
	search      string
}

func (c *call) filter() (flt filter, refused *answer) {
	if v := trimmed(c.query.Get("vendor_data")); v != "" {
		flt.vendorData = &v
	}
	flt.statuses = split(c.query.Get("status"))
	flt.workflows = split(strings.ToLower(c.query.Get("workflow_id")))
	flt.countries = split(c.query.Get("country"))
	flt.documents = split(c.query.Get("document_type"))
	flt.search = strings.ToLower(c.query.Get("search"))
	var ok bool
	if flt.from, ok = day(c.query.Get("date_from")); !ok {
		a := c.field("date_from", "Enter a valid date.")
		return flt, &a
	}
	if flt.until, ok = day(c.query.Get("date_to")); !ok {
		a := c.field("date_to", "Enter a valid date.")
		return flt, &a
	}
	if !flt.until.IsZero() {
		flt.until = flt.until.AddDate(0, 0, 1) // both days are included
	}
	if id := c.query.Get("didit_internal_id"); id != "" && !random.IsUUID(id) {
		return flt, new(c.field("didit_internal_id", "Must be a valid UUID."))
	}
	return flt, nil
}

//go:fix inline
func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

func day(text string) (t time.Time, ok bool) {
	if text == "" {
		return time.Time{}, true
	}
	t, err := time.Parse(time.DateOnly, text)
	return t, err == nil
}

// keeps says whether a session passes every filter.
func (f *filter) keeps(one *session) bool {
	p, co := &one.subject.person, &one.subject.company
	country, document := p.Nationality, p.DocumentType
	if one.kind == didit.KindBusiness {
		country, document = co.Country, ""
	}
	switch {
	case f.vendorData != nil && *f.vendorData != one.vendorData,
		len(f.statuses) > 0 && !slices.Contains(f.statuses, string(one.status)),
		len(f.workflows) > 0 && !slices.Contains(f.workflows, one.workflowID),
		len(f.countries) > 0 && !slices.Contains(f.countries, country),
		len(f.documents) > 0 && one.kind == didit.KindUser && !slices.Contains(f.documents, document),
		!f.from.IsZero() && one.createdAt.Before(f.from),
		!f.until.IsZero() && !one.createdAt.Before(f.until):
		return false
	}
	if f.search == "" {
		return true
	}
	texts := []string{one.vendorData, p.name(), p.DocumentNumber, p.Phone, p.Email}
	if one.kind == didit.KindBusiness {
		texts = []string{one.vendorData, co.Name, co.RegistrationNumber}
	}
	return slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(strings.ToLower(t), f.search) })
}
