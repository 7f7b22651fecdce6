package didittest

import (
	"encoding/json"
	"maps"
	"strconv"
	"time"

	"github.com/didit-go/didit"
)

// Feature statuses are a smaller set than those of sessions.
const (
	featureApproved    = "Approved"
	featureDeclined    = "Declined"
	featureInReview    = "In Review"
	featureExpired     = "Expired"
	featureNotFinished = "Not Finished"
)

// builder makes the blocks of one session.
type builder struct {
	session *session
	media   bool
	// trouble is the block that kept the session from being approved, and what became of it.
	trouble, outcome string
}

// stage says how much of a session has run.
type stage int

const (
	nothingRan stage = iota
	firstRan
	allRan
)

func (o *session) stage() stage {
	if o.subject.noDecision {
		return nothingRan
	}
	switch o.verdict {
	case didit.StatusNotStarted, didit.StatusExpired:
		return nothingRan
	case didit.StatusInProgress, didit.StatusAwaitingUser, didit.StatusAbandoned, didit.StatusResubmitted:
		return firstRan
	}
	return allRan
}

func newBuilder(o *session, media bool, declined, reviewed string) *builder {
	b := &builder{session: o, media: media}
	switch o.verdict {
	case didit.StatusDeclined:
		b.trouble, b.outcome = declined, featureDeclined
	case didit.StatusInReview:
		b.trouble, b.outcome = reviewed, featureInReview
	case didit.StatusKYCExpired:
		b.trouble, b.outcome = declined, featureExpired
	case didit.StatusInProgress, didit.StatusAwaitingUser, didit.StatusAbandoned, didit.StatusResubmitted:
		b.trouble, b.outcome = declined, featureNotFinished
	}
	return b
}

// block starts an item of a block.
func (b *builder) block(f feature, warning obj) obj {
	item := obj{"node_id": f.node, "status": featureApproved, "warnings": []obj{}}
	if f.block == b.trouble {
		item["status"] = b.outcome
		if warning != nil && (b.outcome == featureDeclined || b.outcome == featureInReview) {
			item["warnings"] = []obj{warning}
		}
	}
	return item
}

// url is a link to an image or a video that nobody serves; null for keys without media.
func (b *builder) url(file string) any {
	if !b.media {
		return nil
	}
	return "https://media.didit.example/sandbox/" + b.session.id + "/" + file + "?X-Amz-Expires=3600&X-Amz-Signature=invented"
}

func (b *builder) day(offset time.Duration) string {
	return b.session.createdAt.Add(offset).UTC().Format(time.DateOnly)
}

func warning(feature, node, risk, short, long string) obj {
	return obj{
		"feature": feature, "risk": risk, "additional_data": nil, "log_type": "error",
		"short_description": short, "long_description": long, "node_id": node,
	}
}

const year = 365 * 24 * time.Hour

// The blocks that people and companies both have.

func (b *builder) phone(f feature, number string) obj {
	item := b.block(f, nil)
	prefix, rest := "+", ""
	if len(number) > 3 {
		prefix, rest = number[:3], number[3:]
	}
	merge(item, obj{
		"phone_number_prefix": prefix, "phone_number": rest, "full_number": number, "country_code": "ZZ", "country_name": "Example",
		"carrier": obj{"name": "Example Mobile", "type": "mobile"}, "is_disposable": false, "is_virtual": false,
		"verification_method": "sms", "verification_attempts": 1, "verified_at": stamp(b.session.createdAt),
		"lifecycle": []any{}, "matches": []any{},
	})
	return item
}

func (b *builder) email(f feature, address string) obj {
	item := b.block(f, nil)
	merge(item, obj{
		"email": address, "is_breached": false, "breaches": []any{}, "is_disposable": false, "is_undeliverable": false,
		"verification_attempts": 1, "verified_at": stamp(b.session.createdAt), "lifecycle": []any{}, "matches": []any{},
	})
	return item
}

func (b *builder) aml(f feature, entity string, screened obj) obj {
	item := b.block(f, warning("AML", f.node, "POSSIBLE_MATCH_FOUND", "Possible match found",
		"The screening found an entry that may be the same "+entity+"."))
	hits, score := []obj{}, 0.0
	if f.block == b.trouble {
		score = 62.5
		hits = append(hits, obj{
			"id": "hit-" + b.session.id[:8], "caption": screened["full_name"], "match_score": score, "datasets": []string{"Invented sanctions list"},
			"review_status": "Unreviewed", "risk_view": obj{"categories": obj{"score": 60, "risk_level": "Medium"}},
		})
	}
	merge(item, obj{
		"total_hits": len(hits), "entity_type": entity, "hits": hits, "score": score, "screened_data": screened,
		"is_ongoing_monitoring_enabled": false, "next_ongoing_monitoring_bill_date": nil,
	})
	return item
}

func (b *builder) ip(f feature) obj {
	item := b.block(f, nil)
	merge(item, obj{
		"device_brand": "Example", "device_model": "Phone 1", "browser_family": "Firefox", "os_family": "Android", "platform": "mobile",
		"device_fingerprint": "didittest", "ip_country": "Example", "ip_country_code": "ZZ", "ip_state": nil, "ip_city": "Sampleton",
		"latitude": 40.4168, "longitude": -3.7038, "ip_address": "203.0.113.7", "isp": "Example Telecom", "organization": "Example Telecom",
		"is_vpn_or_tor": false, "is_data_center": false, "time_zone": "Europe/Madrid", "time_zone_offset": "+0100",
		"ip":          obj{"location": obj{"latitude": 40.4168, "longitude": -3.7038}, "distance_from_id_document": nil},
		"id_document": nil, "poa_document": nil, "matches": []any{},
	})
	return item
}

func (b *builder) questionnaire(f feature, question, value string) obj {
	item := b.block(f, nil)
	delete(item, "warnings")
	merge(item, obj{
		"questionnaire_id": "8f7d0a52-0000-4000-8000-000000000001", "title": "About you", "description": nil, "languages": []string{"en"},
		"default_language": "en", "is_active": true, "is_simple_questionnaire": true, "questionnaire_group_id": nil, "version": 1,
		"published_at": nil,
		"sections": []obj{{"title": "General", "items": []obj{{
			"uuid": "8f7d0a52-0000-4000-8000-000000000002", "element_type": "SHORT_TEXT", "title": question, "value": value,
		}}}},
	})
	return item
}

// whole is a float without a fraction as Python writes it. Signatures are made over the text with the fraction dropped, so a
// receiver that does not drop it has to fail here too.
func whole(n int) json.Number { return json.Number(strconv.Itoa(n) + ".0") }

func merge(into, from obj) {
	maps.Copy(into, from)
}

// assemble keeps the blocks that have run: all, only the first, or none.
func (o *session) assemble(all []feature, items map[string]obj) obj {
	blocks := obj{}
	for _, f := range all {
		blocks[f.block] = nil
	}
	for i, f := range o.features() {
		if st := o.stage(); st == allRan || st == firstRan && i == 0 {
			blocks[f.block] = []obj{items[f.block]}
		}
	}
	return blocks
}
