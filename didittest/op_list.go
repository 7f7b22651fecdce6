package didittest

import (
	"slices"
	"strconv"

	"github.com/didit-go/didit"
)

const (
	defaultPage      = 50
	businessCountCap = 100
)

// list answers GET /v3/sessions/.
func (c *call) list() answer {
	kind := c.query.Get("session_kind")
	if kind == "" {
		kind = string(didit.KindUser)
	}
	if kind != string(didit.KindUser) && kind != string(didit.KindBusiness) && kind != string(didit.KindAll) {
		return c.field("session_kind", strconv.Quote(kind)+" is not a valid choice.")
	}
	flt, refused := c.filter()
	if refused != nil {
		return *refused
	}
	limit := number(c.query.Get("limit"), defaultPage, 1)
	if c.server.cfg.maxPage > 0 {
		limit = min(limit, c.server.cfg.maxPage)
	}
	offset := number(c.query.Get("offset"), 0, 0)

	c.server.mu.RLock()
	defer c.server.mu.RUnlock()
	rows := []obj{}
	count, follow := 0, 0
	for _, k := range []didit.SessionKind{didit.KindUser, didit.KindBusiness} {
		if kind != string(didit.KindAll) && kind != string(k) {
			continue
		}
		page, total := c.page(k, flt, limit, offset)
		rows = append(rows, page...)
		if k == didit.KindUser || kind == string(k) {
			follow = total // the pages of "all" follow the people's side
		}
		if k == didit.KindBusiness {
			total = min(total, businessCountCap)
		}
		count += total
	}
	return c.success(obj{
		"count":    count,
		"next":     c.link(offset+limit, limit, offset+limit < follow),
		"previous": c.link(max(0, offset-limit), limit, offset > 0),
		"results":  rows,
	})
}

// page returns a page of one kind, newest first, and how many rows there are in all.
func (c *call) page(kind didit.SessionKind, flt filter, limit, offset int) (rows []obj, total int) {
	all := c.key.app.sessions
	for _, one := range slices.Backward(all) {

		if one.kind != kind || one.listedAt.After(c.now) || !c.key.sees(one) || !flt.keeps(one) {
			continue
		}
		if total >= offset && total < offset+limit {
			rows = append(rows, c.row(one))
		}
		total++
	}
	return rows, total
}

func (c *call) row(one *session) obj {
	w := one.app.workflows[one.workflowID]
	row := obj{
		"session_id":     one.id,
		"session_kind":   string(one.kind),
		"session_number": one.number,
		"status":         string(one.status),
		"vendor_data":    nullable(one.vendorData),
		"created_at":     stamp(one.createdAt),
		"workflow_label": nullable(w.label),
		"country":        nil,
	}
	if c.server.cfg.sourceInRows {
		row["shared_from_session"] = nullable(one.sharedFrom)
	}
	ran := one.stage() == allRan
	if one.kind == didit.KindBusiness {
		row["workflow_type"] = "kyb"
		row["company_name"], row["registration_number"] = nil, nil
		if ran {
			co := one.subject.company
			row["company_name"], row["registration_number"], row["country"] = co.Name, co.RegistrationNumber, co.Country
		}
		return row
	}
	row["session_url"] = one.url(c.key.links())
	row["didit_internal_id"] = nil
	for _, name := range []string{"portrait_image", "document_type", "full_name", "phone_number", "email_address"} {
		row[name] = nil
	}
	features := []obj{}
	for _, f := range one.features() {
		status := featureNotFinished
		if ran {
			status = featureApproved
		}
		features = append(features, obj{"feature": f.name, "status": status})
	}
	row["features"] = features
	row["additional_details"] = obj{"aml": nil, "liveness": nil, "face_match": nil}
	if ran {
		p := one.subject.person
		b := builder{session: one, media: c.key.media()}
		row["portrait_image"], row["document_type"], row["full_name"], row["country"] = b.url("portrait.jpg"), p.DocumentType, p.name(), p.Nationality
		row["phone_number"] = obj{"number": p.Phone, "is_verified": true}
		row["email_address"] = obj{"email": p.Email, "is_verified": true}
		row["additional_details"] = obj{
			"aml":        obj{"total_hits": 0, "entity_type": "person", "is_adverse_media_fetched": false},
			"liveness":   obj{"method": "ACTIVE_3D", "score": 96.25},
			"face_match": obj{"score": 94.75},
		}
	}
	return row
}
