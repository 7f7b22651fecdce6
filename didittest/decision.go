package didittest

import (
	"bytes"
	"encoding/json"
	"sync"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest/internal/mergepatch"
)

// decision answers GET /v3/session/{id}/decision/, at any time in a session's life.
func (c *call) decision() answer {
	s := c.server
	s.mu.RLock()
	defer s.mu.RUnlock()
	one := c.session()
	if one == nil {
		return notFound()
	}
	events := c.query.Get("include") == "events"
	d := c.head(one, events)
	if s.cfg.sourceInDecision && (one.sharedFrom != "" || s.cfg.nullSource) {
		d["shared_from_session"] = nullable(one.sharedFrom)
	}
	if events {
		d["events"] = []any{}
		d["activity_reviews"] = []any{}
		d["blocklisted"] = obj{}
		d["cost_breakdown"] = nil
	}
	return c.success(c.withBlocks(d, one))
}

// head is a decision without its blocks.
func (c *call) head(one *session, events bool) obj {
	d := one.head(c.key.links())
	if events {
		features := []obj{}
		for _, f := range one.features() {
			features = append(features, obj{"feature": f.name, "node_id": f.node})
		}
		d["features"] = features
	}
	return d
}

func (o *session) head(links bool) obj {
	features := []string{}
	for _, f := range o.features() {
		features = append(features, f.name)
	}
	reviews := []obj{}
	for _, r := range o.reviews {
		reviews = append(reviews, obj{
			"user": "API Client", "new_status": string(r.status), "comment": nullable(r.comment), "created_at": stamp(r.createdAt),
		})
	}
	return obj{
		"session_id":       o.id,
		"session_kind":     string(o.kind),
		"session_number":   o.number,
		"session_url":      o.url(links),
		"status":           string(o.status),
		"workflow_id":      o.workflowID,
		"features":         features,
		"vendor_data":      nullable(o.vendorData),
		"metadata":         rawOrNull(o.metadata),
		"expected_details": rawOrNull(o.expected),
		"contact_details":  rawOrNull(o.contact),
		"callback":         nullable(o.callback),
		"created_at":       stamp(o.createdAt),
		"expires_at":       stamp(o.createdAt.Add(sessionLife)),
		"environment":      environment,
		"nfc_skip_reason":  nil,
		"reviews":          reviews,
	}
}

// environment is what everything here says of itself.
const environment = "sandbox"

func rawOrNull(v json.RawMessage) any {
	if v == nil {
		return nil
	}
	return v
}

// withBlocks is a decision with its blocks, which are encoded once: they are most of it.
func (c *call) withBlocks(head obj, one *session) rawJSON {
	view := blockView{media: c.key.media(), singular: c.server.cfg.dialect == DialectSingular}
	blocks := one.encodedBlocks(view)
	first := jsonAnswer(200, head).body
	b := make([]byte, 0, len(first)+len(blocks))
	b = append(b, first[:len(first)-1]...)
	b = append(b, ',')
	b = append(b, blocks[1:]...)
	if len(one.subject.patch) == 0 {
		return b
	}
	patched, err := mergepatch.Apply(b, one.subject.patch)
	if err != nil {
		panic("didittest: a patch was checked and cannot be applied: " + err.Error())
	}
	return patched
}

// blockView is one of the ways in which blocks are shown.
type blockView struct{ media, singular bool }

// blockCache holds encoded blocks. It has a lock of its own because reads fill it.
type blockCache struct {
	mu   sync.Mutex
	text map[blockView][]byte
}

func (c *blockCache) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text = nil
}

func (o *session) encodedBlocks(view blockView) []byte {
	o.blocks.mu.Lock()
	defer o.blocks.mu.Unlock()
	if text, ok := o.blocks.text[view]; ok {
		return text
	}
	text := bytes.Clone(jsonAnswer(200, o.tree(view)).body)
	if o.blocks.text == nil {
		o.blocks.text = map[blockView][]byte{}
	}
	o.blocks.text[view] = text
	return text
}

// tree is every block of the session's decision, null where its feature has not run.
func (o *session) tree(view blockView) obj {
	var blocks obj
	if o.kind == didit.KindBusiness {
		blocks = o.businessBlocks(view.media)
	} else {
		blocks = o.userBlocks(view.media)
	}
	if view.singular && o.kind == didit.KindUser {
		return singular(blocks)
	}
	return blocks
}

// singularKeys are the names that blocks had before there could be several of each.
var singularKeys = map[string]string{
	"id_verifications":        "id_verification",
	"nfc_verifications":       "nfc",
	"liveness_checks":         "liveness",
	"face_matches":            "face_match",
	"poa_verifications":       "poa",
	"phone_verifications":     "phone",
	"email_verifications":     "email",
	"aml_screenings":          "aml",
	"ip_analyses":             "ip_analysis",
	"database_validations":    "database_validation",
	"questionnaire_responses": "questionnaire_responses",
	"document_ai_documents":   "document_ai_documents",
}

func singular(blocks obj) obj {
	old := obj{}
	for name, v := range blocks {
		items, ok := v.([]obj)
		switch {
		case singularKeys[name] == name:
			old[name] = v
		case ok && len(items) > 0:
			delete(items[0], "node_id")
			old[singularKeys[name]] = items[0]
		default:
			old[singularKeys[name]] = nil
		}
	}
	return old
}

// feature is one step of a workflow.
type feature struct{ name, node, block string }

var userFeatures = []feature{
	{"ID_VERIFICATION", "feature_ocr_1", "id_verifications"},
	{"NFC", "feature_nfc_1", "nfc_verifications"},
	{"LIVENESS", "feature_liveness_1", "liveness_checks"},
	{"FACE_MATCH", "feature_face_match_1", "face_matches"},
	{"POA", "feature_poa_1", "poa_verifications"},
	{"PHONE", "feature_phone_1", "phone_verifications"},
	{"EMAIL", "feature_email_1", "email_verifications"},
	{"AML", "feature_aml_1", "aml_screenings"},
	{"IP_ANALYSIS", "feature_ip_analysis_1", "ip_analyses"},
	{"DATABASE_VALIDATION", "feature_database_validation_1", "database_validations"},
	{"QUESTIONNAIRE", "feature_questionnaire_1", "questionnaire_responses"},
}

var businessFeatures = []feature{
	{"KYB_REGISTRY", "feature_kyb_registry_1", "registry_checks"},
	{"KYB_KEY_PEOPLE", "feature_kyb_key_people_1", "key_people_checks"},
	{"KYB_DOCUMENTS", "feature_kyb_documents_1", "document_verifications"},
	{"AML", "feature_aml_1", "aml_screenings"},
	{"PHONE", "feature_phone_1", "phone_verifications"},
	{"EMAIL", "feature_email_1", "email_verifications"},
	{"IP_ANALYSIS", "feature_ip_analysis_1", "ip_analyses"},
	{"QUESTIONNAIRE", "feature_questionnaire_1", "questionnaire_responses"},
}

// features are the steps of the session's workflow; a copy has those that Didit names as cloned.
func (o *session) features() []feature {
	if o.kind == didit.KindBusiness {
		return businessFeatures
	}
	if !o.copied {
		return userFeatures
	}
	cloned := make([]feature, 0, len(userFeatures))
	for _, f := range userFeatures {
		if f.name != "NFC" && f.name != "QUESTIONNAIRE" {
			cloned = append(cloned, f)
		}
	}
	return cloned
}
