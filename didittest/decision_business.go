package didittest

// businessBlocks are the blocks of a company's decision.
func (o *session) businessBlocks(media bool) obj {
	b := newBuilder(o, media, "registry_checks", "key_people_checks")
	c, p := o.subject.company, o.subject.person
	items := map[string]obj{}
	for _, f := range businessFeatures {
		switch f.block {
		case "registry_checks":
			items[f.block] = b.registry(f, c, p)
		case "key_people_checks":
			items[f.block] = b.keyPeople(f, p)
		case "document_verifications":
			items[f.block] = b.companyDocuments(f, c)
		case "aml_screenings":
			items[f.block] = b.aml(f, "company", obj{
				"full_name": c.Name, "nationality": c.Country, "date_of_birth": nil, "document_number": c.RegistrationNumber,
			})
		case "phone_verifications":
			items[f.block] = b.phone(f, c.Phone)
		case "email_verifications":
			items[f.block] = b.email(f, c.Email)
		case "ip_analyses":
			items[f.block] = b.ip(f)
		case "questionnaire_responses":
			items[f.block] = b.questionnaire(f, "What does the company do?", "It draws maps of places that do not exist.")
		}
	}
	return o.assemble(businessFeatures, items)
}

func (b *builder) registry(f feature, c Company, p Person) obj {
	item := b.block(f, warning("KYB_REGISTRY", f.node, "COMPANY_NOT_ACTIVE", "Company is not active",
		"The register says that the company is dissolved."))
	state := "Active"
	if item["status"] == featureDeclined {
		state = "Dissolved"
	}
	merge(item, obj{
		"data_resolved": true,
		"company": obj{ // after a captured decision
			"uuid": "8f7d0a52-0000-4000-8000-000000000003", "node_id": f.node, "status": item["status"], "registry_status": state,
			"data_resolved": true, "company_name": c.Name, "registration_number": c.RegistrationNumber, "country_code": c.Country,
			"region": nil, "company_type": "Limited company", "incorporation_date": "2012-06-01", "registered_address": c.Address,
			"tax_number": "ZZ-" + c.RegistrationNumber, "risk_level": nil, "verification_status": "verified", "is_from_registry": true,
			"fetch_status": "completed", "alternative_names": []any{}, "vat_number": nil, "vat_validation_status": nil,
			"officers": []obj{officer(p)}, "beneficial_owners": []obj{owner(p)},
			"addresses":     []obj{{"type": "registered", "address": c.Address}},
			"registry_data": obj{}, "registry_tier": nil, "registry_monitoring": nil,
			"user_provided_data": obj{
				"company_name": c.Name, "registration_number": c.RegistrationNumber, "country_code": c.Country, "legal_address": c.Address,
			},
			"confirmed_by_user_at": stamp(b.session.createdAt), "is_editable": false,
		},
		"ownership_structure": obj{
			"name": c.Name, "type": "company", "percentage": whole(100),
			"shareholders": []obj{{"name": p.name(), "type": "person", "percentage": whole(75)}, {"name": "Sampleton Holding", "type": "company", "percentage": whole(25)}},
		},
	})
	return item
}

func officer(p Person) obj {
	return obj{"name": p.name(), "role": "director", "nationality": p.Nationality}
}

func owner(p Person) obj {
	return obj{
		"name": p.name(), "nationality": p.Nationality, "date_of_birth": p.DateOfBirth, "ownership_percentage": whole(75),
	}
}

func (b *builder) keyPeople(f feature, p Person) obj {
	item := b.block(f, warning("KYB_KEY_PEOPLE", f.node, "KEY_PERSON_NOT_VERIFIED", "Key person not verified",
		"A beneficial owner has not been verified yet."))
	pending := 0
	if f.block == b.trouble {
		pending = 1
	}
	merge(item, obj{
		"registry": obj{"officers": []obj{officer(p)}, "beneficial_owners": []obj{owner(p)}},
		"submitted": obj{"parties": []obj{{
			"uuid": "8f7d0a52-0000-4000-8000-000000000005", "entity_type": "person", "source": "USER", "name": p.name(), "email": p.Email,
			"nationality": p.Nationality, "custom_fields": obj{}, "is_active": true, "is_skipped": false, "requires_verification": pending == 1,
			"roles": []obj{
				{"role": "director", "ownership_percent": nil, "voting_percent": nil},
				{"role": "ubo", "ownership_percent": whole(75), "voting_percent": whole(75)},
			},
			"kyc_session_id": nil, "kyc_session_status": nil, "kyc_session_url": nil, "verification_workflow_type": nil,
			"verification_workflow_id": nil, "verification_workflow_label": nil, "verification_workflow_features": []any{},
		}}},
		"ubo_kyc_summary": obj{"total": 1, "approved": 1 - pending, "flagged": 0, "pending": pending},
	})
	return item
}

func (b *builder) companyDocuments(f feature, c Company) obj {
	item := b.block(f, nil)
	merge(item, obj{
		"items": []obj{{
			"uuid": "8f7d0a52-0000-4000-8000-000000000004", "document_type": "CERTIFICATE_OF_INCORPORATION", "document_subtype": nil,
			"document_group": "legal", "file_url": b.url("incorporation.pdf"), "status": item["status"], "created_at": stamp(b.session.createdAt),
			"cross_check_result": obj{"people": []any{}, "critical": obj{}, "non_critical": obj{}}, "ocr_data": obj{"company_name": c.Name},
			"is_confirmed": true,
		}},
		"groups": obj{"legal": obj{
			"total": 1, "approved": 1, "pending": 0, "declined": 0, "in_review": 0, "other": 0, "missing": 0,
		}},
		"required_groups": []string{"legal"},
	})
	return item
}
