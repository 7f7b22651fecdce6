package didittest

import "time"

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
	state := "active"
	if item["status"] == featureDeclined {
		state = "dissolved"
	}
	merge(item, obj{
		"data_resolved": true,
		"company": obj{
			"uuid": "8f7d0a52-0000-4000-8000-000000000003", "legal_name": c.Name, "name": c.Name, "registration_number": c.RegistrationNumber,
			"country_code": c.Country, "region": nil, "legal_form": "Limited company", "company_status": state,
			"incorporation_date": "2012-06-01", "registered_address": c.Address, "tax_number": "ZZ-" + c.RegistrationNumber,
			"website": "https://www.company.example", "email": c.Email, "phone": c.Phone, "industry": "Cartography",
			"share_capital": whole(100000), "share_capital_currency": "EUR", "number_of_employees": 14,
		},
		"ownership_structure": obj{
			"name": c.Name, "type": "company", "percentage": whole(100),
			"shareholders": []obj{{"name": p.name(), "type": "person", "percentage": whole(75)}, {"name": "Sampleton Holding", "type": "company", "percentage": whole(25)}},
		},
	})
	return item
}

func (b *builder) keyPeople(f feature, p Person) obj {
	item := b.block(f, warning("KYB_KEY_PEOPLE", f.node, "KEY_PERSON_NOT_VERIFIED", "Key person not verified",
		"A beneficial owner has not been verified yet."))
	pending := 0
	if f.block == b.trouble {
		pending = 1
	}
	person := obj{"first_name": p.FirstName, "last_name": p.LastName, "full_name": p.name(), "date_of_birth": p.DateOfBirth, "nationality": p.Nationality}
	owner := obj{"ownership_percentage": whole(75)}
	merge(owner, person)
	officer := obj{"role": "director", "appointed_on": "2012-06-01"}
	merge(officer, person)
	party := obj{"roles": []string{"director", "ubo"}, "email": p.Email, "kyc_session_id": nil, "kyc_status": nil}
	merge(party, person)
	merge(item, obj{
		"registry":        obj{"officers": []obj{officer}, "beneficial_owners": []obj{owner}},
		"submitted":       obj{"parties": []obj{party}},
		"ubo_kyc_summary": obj{"total": 1, "approved": 1 - pending, "flagged": 0, "pending": pending},
	})
	return item
}

func (b *builder) companyDocuments(f feature, c Company) obj {
	item := b.block(f, nil)
	merge(item, obj{
		"items": []obj{{
			"uuid": "8f7d0a52-0000-4000-8000-000000000004", "status": item["status"], "document_type": "CERTIFICATE_OF_INCORPORATION",
			"document_file": b.url("incorporation.pdf"), "issue_date": b.day(-90 * 24 * time.Hour), "extracted_data": obj{"company_name": c.Name},
		}},
		"groups": obj{"legal": []string{"CERTIFICATE_OF_INCORPORATION"}}, "required_groups": []string{"legal"},
	})
	return item
}
