// Package invent makes people and companies up.
package invent

import "fmt"

// Person is somebody who does not exist.
type Person struct {
	FirstName, LastName string
	DateOfBirth         string // YYYY-MM-DD
	Gender              string // M or F
	Nationality         string // ISO 3166-1 alpha-3, also of the document
	DocumentType        string // Passport, Identity Card, ...
	DocumentNumber      string
	Address             string
	Email, Phone        string
}

// Company is one that is not registered anywhere.
type Company struct {
	Name, RegistrationNumber string
	Country                  string // ISO 3166-1 alpha-3
	Address                  string
	Email, Phone             string
}

// All of these are invented: names are made up, addresses are at example.com, numbers are of ranges that are kept for fiction.

var people = []Person{
	{"Odalys", "Brimwood", "1988-03-14", "F", "ESP", "Identity Card", "XQA104433", "Calle del Ensayo 12, 28001 Madrid", "odalys.brimwood@example.com", "+34900000101"},
	{"Tavian", "Holloquist", "1979-11-02", "M", "DEU", "Passport", "C0ZZ11XW7", "Musterweg 4, 10115 Berlin", "tavian.holloquist@example.com", "+49301234501"},
	{"Mirelle", "Castagnarde", "1995-07-29", "F", "FRA", "Identity Card", "ZZ4X90128", "8 rue de l'Exemple, 69001 Lyon", "mirelle.castagnarde@example.com", "+33199000103"},
	{"Soren", "Vintergaard-Ås", "1983-01-21", "M", "DNK", "Passport", "209999104", "Prøvevej 7, 8000 Aarhus", "soren.vintergaard@example.com", "+4570000104"},
	{"Kaede", "Shirotsuki", "1991-09-09", "F", "JPN", "Driver's License", "309912345678", "1-2-3 Mihon, Osaka", "kaede.shirotsuki@example.com", "+81300000105"},
	{"Benedek", "Álmosfalvi", "1970-05-17", "M", "HUN", "Identity Card", "099999XX", "Minta utca 9, 1011 Budapest", "benedek.almosfalvi@example.com", "+3610000106"},
	{"Ifeoma", "Quillbright", "1999-12-30", "F", "GBR", "Passport", "999104407", "5 Sample Street, London", "ifeoma.quillbright@example.com", "+447700900107"},
	{"Joaquim", "Pedranova", "1986-04-04", "M", "BRA", "Driver's License", "00099910408", "Rua do Exemplo 100, Recife", "joaquim.pedranova@example.com", "+5581900000108"},
}

var companies = []Company{
	{"Brimwood & Daughters Ltd", "ZZ104401", "GBR", "5 Sample Street, London", "office@brimwood.example", "+442079460101"},
	{"Holloquist Feinmechanik GmbH", "HRB 999104", "DEU", "Musterweg 4, 10115 Berlin", "kontakt@holloquist.example", "+49301234502"},
	{"Pedranova Importação S.A.", "99.104.403/0001-00", "BRA", "Rua do Exemplo 100, Recife", "contato@pedranova.example", "+5581900000203"},
	{"Atelier Castagnarde SAS", "999 104 404", "FRA", "8 rue de l'Exemple, 69001 Lyon", "bonjour@castagnarde.example", "+33199000204"},
	{"Álmosfalvi Kft.", "01-09-999104", "HUN", "Minta utca 9, 1011 Budapest", "iroda@almosfalvi.example", "+3610000205"},
}

// Fill takes what is empty from the nth invented person.
func (p Person) Fill(n int) Person {
	base := people[n%len(people)]
	base.DocumentNumber = numbered(base.DocumentNumber, n/len(people))
	for _, f := range []struct{ to, from *string }{
		{&p.FirstName, &base.FirstName}, {&p.LastName, &base.LastName}, {&p.DateOfBirth, &base.DateOfBirth},
		{&p.Gender, &base.Gender}, {&p.Nationality, &base.Nationality}, {&p.DocumentType, &base.DocumentType},
		{&p.DocumentNumber, &base.DocumentNumber}, {&p.Address, &base.Address}, {&p.Email, &base.Email}, {&p.Phone, &base.Phone},
	} {
		if *f.to == "" {
			*f.to = *f.from
		}
	}
	return p
}

// Fill takes what is empty from the nth invented company.
func (c Company) Fill(n int) Company {
	base := companies[n%len(companies)]
	base.RegistrationNumber = numbered(base.RegistrationNumber, n/len(companies))
	for _, f := range []struct{ to, from *string }{
		{&c.Name, &base.Name}, {&c.RegistrationNumber, &base.RegistrationNumber}, {&c.Country, &base.Country},
		{&c.Address, &base.Address}, {&c.Email, &base.Email}, {&c.Phone, &base.Phone},
	} {
		if *f.to == "" {
			*f.to = *f.from
		}
	}
	return c
}

// numbered tells the documents of sessions about the same invention apart.
func numbered(s string, round int) string {
	if round == 0 {
		return s
	}
	return fmt.Sprintf("%s-%d", s, round)
}
