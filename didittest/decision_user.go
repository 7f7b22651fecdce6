package didittest

import (
	"strings"
	"time"
)

// userBlocks are the blocks of a person's decision.
func (o *session) userBlocks(media bool) obj {
	b := newBuilder(o, media, "id_verifications", "aml_screenings")
	p := o.subject.person
	items := map[string]obj{}
	for _, f := range userFeatures {
		switch f.block {
		case "id_verifications":
			items[f.block] = b.document(f, p)
		case "nfc_verifications":
			items[f.block] = b.nfc(f, p)
		case "liveness_checks":
			items[f.block] = b.liveness(f)
		case "face_matches":
			items[f.block] = b.faceMatch(f)
		case "poa_verifications":
			items[f.block] = b.proofOfAddress(f, p)
		case "phone_verifications":
			items[f.block] = b.phone(f, p.Phone)
		case "email_verifications":
			items[f.block] = b.email(f, p.Email)
		case "aml_screenings":
			items[f.block] = b.aml(f, "person", obj{
				"full_name": p.name(), "nationality": p.Nationality, "date_of_birth": p.DateOfBirth, "document_number": p.DocumentNumber,
			})
		case "ip_analyses":
			items[f.block] = b.ip(f)
		case "database_validations":
			items[f.block] = b.database(f, p)
		case "questionnaire_responses":
			items[f.block] = b.questionnaire(f, "What is your occupation?", "Cartographer")
		}
	}
	blocks := o.assemble(userFeatures, items)
	blocks["document_ai_documents"] = nil
	return blocks
}

func (b *builder) document(f feature, p Person) obj {
	item := b.block(f, warning("ID_VERIFICATION", f.node, "DOCUMENT_EXPIRED", "Document expired",
		"The document that was shown is no longer valid."))
	expires := b.day(4 * year)
	if item["status"] == featureDeclined || item["status"] == featureExpired {
		expires = b.day(-24 * time.Hour)
	}
	quality := obj{
		"focus_score": 92.5, "brightness_score": whole(88), "brightness_issue": nil, "is_document_fully_visible": true,
		"resolution_score": whole(95), "overall_score": whole(91),
	}
	merge(item, obj{
		"verification_method": "document", "assurance": "documentary", "document_type": p.DocumentType, "document_subtype": nil,
		"document_number": p.DocumentNumber, "personal_number": nil,
		"portrait_image": b.url("portrait.jpg"), "front_image": b.url("front.jpg"), "front_video": b.url("front.mp4"),
		"back_image": b.url("back.jpg"), "back_video": b.url("back.mp4"), "full_front_image": b.url("full_front.jpg"),
		"full_back_image": b.url("full_back.jpg"), "front_image_camera_front": nil, "back_image_camera_front": nil,
		"date_of_birth": p.DateOfBirth, "age": b.age(p), "expiration_date": expires, "date_of_issue": b.day(-6 * year),
		"issuing_state": p.Nationality, "issuing_state_name": nil, "first_name": p.FirstName, "last_name": p.LastName, "full_name": p.name(),
		"gender": p.Gender, "address": p.Address, "formatted_address": p.Address, "place_of_birth": "Sampleton", "marital_status": "UNKNOWN",
		"nationality": p.Nationality, "extra_fields": obj{"first_surname": p.LastName},
		"mrz":            obj{"document_number": p.DocumentNumber, "surname": strings.ToUpper(p.LastName), "name": strings.ToUpper(p.FirstName)},
		"parsed_address": obj{"street_1": p.Address, "city": "Sampleton", "country": p.Nationality, "raw_results": nil}, "extra_files": []any{},
		"front_image_quality_score": quality, "back_image_quality_score": quality, "matches": []any{},
		"fallback_from": nil, "id_lookup": nil, "wallet_provider": nil, "wallet_verification": nil,
	})
	return item
}

// age is in whole years on the day of the session; 0 for a date of birth that is none.
func (b *builder) age(p Person) int {
	born, err := time.Parse(time.DateOnly, p.DateOfBirth)
	if err != nil {
		return 0
	}
	on := b.session.createdAt.UTC()
	age := on.Year() - born.Year()
	if on.Month() < born.Month() || on.Month() == born.Month() && on.Day() < born.Day() {
		age--
	}
	return age
}

func (b *builder) nfc(f feature, p Person) obj {
	item := b.block(f, nil)
	merge(item, obj{
		"is_nfc_skipped": false, "skip_reason": nil, "portrait_image": b.url("nfc_portrait.jpg"), "signature_image": nil,
		"chip_data": obj{
			"document_type": "ID", "issuing_country": p.Nationality, "document_number": p.DocumentNumber, "expiration_date": b.day(4 * year),
			"first_name": p.FirstName, "last_name": p.LastName, "birth_date": p.DateOfBirth, "gender": p.Gender, "nationality": p.Nationality,
			"address": p.Address, "place_of_birth": "Sampleton",
		},
		"authenticity": obj{"sod_integrity": true, "dg_integrity": true},
		"certificate_summary": obj{
			"issuer": "Invented Signing Authority", "subject": "Invented Document Signer", "serial_number": "118120836147342120164013",
			"not_valid_after": "2034-01-01T00:00:00Z", "not_valid_before": "2022-01-01T00:00:00Z",
		},
	})
	return item
}

func (b *builder) liveness(f feature) obj {
	item := b.block(f, nil)
	merge(item, obj{
		"method": "ACTIVE_3D", "score": 96.25, "reference_image": b.url("selfie.jpg"), "video_url": b.url("selfie.mp4"),
		"age_estimation": whole(36), "face_quality": 87.5, "face_luminance": 51.2, "matches": []any{},
	})
	return item
}

func (b *builder) faceMatch(f feature) obj {
	item := b.block(f, nil)
	merge(item, obj{
		"score": 94.75, "source_image_session_id": nil, "source_image": b.url("portrait.jpg"), "target_image": b.url("selfie.jpg"),
	})
	return item
}

func (b *builder) proofOfAddress(f feature, p Person) obj {
	item := b.block(f, nil)
	parsed := obj{"street_1": p.Address, "city": "Sampleton", "country": p.Nationality}
	merge(item, obj{
		"document_file": b.url("bill.pdf"), "issuing_state": p.Nationality, "document_type": "UTILITY_BILL", "document_subtype": "ELECTRICITY",
		"document_language": "en", "document_metadata": obj{"file_size": 48213, "content_type": "application/pdf"}, "issuer": "Sampleton Power",
		"issue_date": b.day(-30 * 24 * time.Hour), "expiration_date": nil, "poa_address": p.Address, "poa_formatted_address": p.Address,
		"poa_parsed_address": parsed, "name_on_document": p.name(), "name_match_score_expected_details": nil,
		"name_match_score_id_verification": whole(100), "expected_details_address": nil, "expected_details_formatted_address": nil,
		"expected_details_parsed_address": nil, "extra_fields": obj{}, "extra_files": []any{}, "detected_codes": []any{},
	})
	return item
}

func (b *builder) database(f feature, p Person) obj {
	item := b.block(f, nil)
	merge(item, obj{
		"issuing_state": p.Nationality, "validation_type": "one_by_one", "match_type": "full_match",
		"screened_data": obj{"first_name": p.FirstName, "last_name": p.LastName, "document_number": p.DocumentNumber, "date_of_birth": p.DateOfBirth},
		"validations": []obj{{
			"service_id": "invented_register", "service_name": "Invented register", "validation": obj{"full_name": "full_match", "date_of_birth": "full_match"},
			"outcome_code": "MATCH", "outcome_detail": nil, "source_data": obj{"full_name": p.name()},
		}},
	})
	return item
}
