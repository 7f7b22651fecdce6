package didit_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
)

// The keys that Didit documents, by block; the fixtures must have each of them, or
// the tests above would prove less than they say.
var documentedKeys = map[string]string{
	"id_verifications": `node_id status verification_method assurance document_type document_subtype document_number personal_number
		portrait_image front_image front_video back_image back_video full_front_image full_back_image front_image_camera_front
		back_image_camera_front date_of_birth age expiration_date date_of_issue issuing_state issuing_state_name first_name last_name
		full_name gender address formatted_address place_of_birth marital_status nationality extra_fields mrz parsed_address extra_files
		front_image_quality_score back_image_quality_score warnings matches fallback_from id_lookup wallet_provider wallet_verification`,
	"nfc_verifications": `node_id status is_nfc_skipped skip_reason portrait_image signature_image chip_data authenticity
		certificate_summary warnings`,
	"liveness_checks": `node_id status method score reference_image video_url age_estimation face_quality face_luminance matches warnings`,
	"face_matches":    `node_id status score source_image_session_id source_image target_image warnings`,
	"poa_verifications": `node_id status document_file issuing_state document_type document_subtype document_language document_metadata issuer
		issue_date expiration_date poa_address poa_formatted_address poa_parsed_address name_on_document name_match_score_expected_details
		name_match_score_id_verification expected_details_address expected_details_formatted_address expected_details_parsed_address
		extra_fields extra_files detected_codes warnings`,
	"document_ai_documents": `node_id status items warnings`,
	"phone_verifications": `node_id status phone_number_prefix phone_number full_number country_code country_name carrier is_disposable
		is_virtual verification_method verification_attempts verified_at lifecycle matches warnings`,
	"email_verifications": `node_id status email is_breached breaches is_disposable is_undeliverable verification_attempts verified_at
		lifecycle matches warnings`,
	"aml_screenings": `node_id status total_hits entity_type hits score screened_data is_ongoing_monitoring_enabled
		next_ongoing_monitoring_bill_date warnings`,
	"ip_analyses": `node_id status device_brand device_model browser_family os_family platform device_fingerprint ip_country ip_country_code
		ip_state ip_city latitude longitude ip_address isp organization is_vpn_or_tor is_data_center time_zone time_zone_offset ip
		id_document poa_document matches warnings`,
	"database_validations": `node_id status issuing_state validation_type screened_data validations errors match_type warnings`,
	"questionnaire_responses": `node_id questionnaire_id title description languages default_language is_active is_simple_questionnaire
		questionnaire_group_id version published_at sections status`,
	"registry_checks":        `node_id status data_resolved company ownership_structure warnings`,
	"key_people_checks":      `node_id status registry submitted ubo_kyc_summary warnings`,
	"document_verifications": `node_id status items groups required_groups warnings`,
	"reviews":                `user new_status comment created_at`,
}

func TestDecisionFixturesAreComplete(t *testing.T) {
	t.Parallel()
	var user, business map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(fixture(t, "decision_user.json"), &user))
	require.NoError(t, json.Unmarshal(fixture(t, "decision_business.json"), &business))
	for block, keys := range documentedKeys {
		raw := user[block]
		if string(raw) == "null" {
			raw = business[block]
		}
		var items []map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(raw, &items), block)
		require.NotEmpty(t, items, block)
		for key := range strings.FieldsSeq(keys) {
			assert.Contains(t, items[0], key, block)
		}
	}
}

// A Go name that is its key without underscores cannot be bound to another key by
// mistake, and an untagged field would be read from a key of its Go name.
func TestDecisionNamesAreTheirKeys(t *testing.T) {
	t.Parallel()
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		for typ.Kind() == reflect.Slice || typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct || seen[typ] {
			return
		}
		seen[typ] = true
		switch typ {
		case reflect.TypeFor[didit.Timestamp](), reflect.TypeFor[didit.ExpectedDetails](), reflect.TypeFor[didit.ContactDetails]():
			return
		}
		for field := range typ.Fields() {
			key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if key != "-" && !field.Anonymous {
				assert.Equal(t, strings.ToLower(field.Name), strings.ReplaceAll(key, "_", ""), "%s.%s", typ, field.Name)
			}
			walk(field.Type)
		}
	}
	walk(reflect.TypeFor[didit.Decision]())
	assert.Greater(t, len(seen), 30)
}

// A null where a block, a list or a value may be is what Didit sends for most fields
// of most sessions.
func TestDecisionOfNulls(t *testing.T) {
	t.Parallel()
	for block, keys := range documentedKeys {
		t.Run(block, func(t *testing.T) {
			t.Parallel()
			nulls := strings.Join(strings.Fields(keys), `":null,"`)
			s := parseBlocks(t, `"`+block+`":[{"`+nulls+`":null}]`)
			assert.Empty(t, s.AllWarnings())
			data, err := json.Marshal(s)
			require.NoError(t, err)
			again, err := didit.ParseSession(data)
			require.NoError(t, err)
			for i := range again.RegistryChecks {
				again.RegistryChecks[i].Company.Raw = nil // what Company itself was decoded from
			}
			assert.Equal(t, s.Decision, again.Decision)
			assert.Empty(t, parseBlocks(t, `"`+block+`":null`).Decision)
		})
	}
}

// Every field of every type of a decision is filled by one of the fixtures, the
// types of companies by the captured decision alone.
func TestDecisionFillsEveryField(t *testing.T) {
	t.Parallel()
	filled := map[string]bool{}
	seen := map[string]bool{}
	add := func(name string) {
		s := parseFixture(t, name)
		markFilled(reflect.ValueOf(s.Decision), seen, filled)
	}
	add("decision_business_captured")
	for _, list := range []any{didit.RegistryCheck{}, didit.KeyPeopleCheck{}, didit.DocumentVerification{}} {
		for field := range fieldsOf(reflect.TypeOf(list), map[reflect.Type]bool{}) {
			assert.True(t, filled[field], "%s is not filled by the captured decision", field)
		}
	}
	for _, name := range []string{"decision_user", "decision_business", "decision_user_v2"} {
		add(name)
	}
	for field := range fieldsOf(reflect.TypeFor[didit.Decision](), map[reflect.Type]bool{}) {
		assert.True(t, filled[field], "%s is filled by no fixture", field)
	}
	assert.Greater(t, len(seen), 300)
}

// markFilled notes which fields of the structs in v were seen, and which were not zero.
func markFilled(v reflect.Value, seen, filled map[string]bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			markFilled(v.Elem(), seen, filled)
		}
	case reflect.Slice:
		for i := range v.Len() {
			markFilled(v.Index(i), seen, filled)
		}
	case reflect.Map:
		for _, value := range v.Seq2() {
			markFilled(value, seen, filled)
		}
	case reflect.Struct:
		for field, value := range v.Fields() {
			if field.IsExported() {
				name := v.Type().String() + "." + field.Name
				seen[name] = true
				filled[name] = filled[name] || !value.IsZero()
				markFilled(value, seen, filled)
			}
		}
	}
}

// fieldsOf are the exported fields of a type of this package and of those below it.
func fieldsOf(typ reflect.Type, done map[reflect.Type]bool) map[string]bool {
	fields := map[string]bool{}
	for typ.Kind() == reflect.Slice || typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Map {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Struct || !strings.HasPrefix(typ.String(), "didit.") || done[typ] {
		return fields
	}
	done[typ] = true
	for field := range typ.Fields() {
		if !field.IsExported() {
			continue
		}
		fields[typ.String()+"."+field.Name] = true
		for name := range fieldsOf(field.Type, done) {
			fields[name] = true
		}
	}
	return fields
}
