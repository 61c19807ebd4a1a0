package models

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Organisation is a facility that works with people, or the ministry. Its name is
// the name of an institution, never of a person.
type Organisation struct {
	ID      OrganisationID   `gorm:"primaryKey"`
	Name    string           // shown in the directory
	Kind    OrganisationKind // decides code sector and possible roles
	Country string           // ISO 3166-1 alpha-2
	Region  string           // ISO 3166-2
	// CentreType is the TDI centre type of the code list tdi_centre_type.
	CentreType string
	// Services are needs (code list referral_need) that the organisation answers.
	Services []string `gorm:"serializer:json"`
	// Capabilities are what law and supply let the organisation do; they default to what
	// its country allows and drive branches of the protocols.
	Capabilities Capabilities `gorm:"embedded"`
	// ReportsStructured says that the unit gives treatment in the TDI sense; an NGO
	// that gives only needles or outreach does not.
	ReportsStructured bool
	// Serves is the institution a prison_health unit serves, empty otherwise.
	Serves OrganisationID
	// GapRule is the rule by hours for gaps in agonist treatment that the facility has
	// chosen, "none", or empty for its country's.
	GapRule   string
	Active    bool
	Version   int64
	CreatedAt time.Time
}

// NewOrganisation is what an administrator says of a new organisation.
type NewOrganisation struct {
	Name              string
	Kind              OrganisationKind
	Country           string
	Region            string
	CentreType        string
	Services          []string
	Capabilities      *Capabilities // nil: what the country allows by default
	ReportsStructured bool
	Serves            OrganisationID
}

// OrganisationChange lists what may change; nil means unchanged.
type OrganisationChange struct {
	Name         *string
	Services     *[]string
	Capabilities *Capabilities
	CentreType   *string
	GapRule      *string // known to the protocols, "none" or empty
	Active       *bool
}

// Check validates a new organisation on the civil date today.
func (n NewOrganisation) Check(today Date) error {
	var c Checks
	checkName(&c, n.Name)
	c.Require(slices.Contains(OrganisationKinds, n.Kind), "/kind", "organisation.kind_unknown")
	c.Require(RegionKnown(n.Country, n.Region, today), "/region", "organisation.region_unknown")
	c.Require(InList("tdi_centre_type", n.CentreType), "/centreType", "organisation.centre_type_unknown")
	checkServices(&c, n.Services)
	c.Require(!slices.Contains(n.Services, "oat") || n.capabilities().OATAvailable, "/services", "organisation.service_not_available")
	c.Require((n.Serves != "") == (n.Kind == KindPrisonHealth), "/serves", "organisation.serves_institution")
	return c.Err()
}

// capabilities returns those given, or the defaults of the country.
func (n NewOrganisation) capabilities() Capabilities {
	if n.Capabilities != nil {
		return *n.Capabilities
	}
	return DefaultCapabilities(n.Country, n.Kind)
}

// Make builds the organisation that a checked request asks for.
func (n NewOrganisation) Make(id OrganisationID, at time.Time) *Organisation {
	services := n.Services
	if services == nil {
		services = []string{}
	}
	return &Organisation{
		ID: id, Name: n.Name, Kind: n.Kind, Country: n.Country, Region: n.Region, CentreType: n.CentreType,
		Services: services, Capabilities: n.capabilities(), ReportsStructured: n.ReportsStructured, Serves: n.Serves,
		Active: true, Version: 1, CreatedAt: at,
	}
}

// Check validates the change, before any record is looked up.
func (ch OrganisationChange) Check() error {
	var c Checks
	if ch.Name != nil {
		checkName(&c, *ch.Name)
	}
	if ch.CentreType != nil {
		c.Require(InList("tdi_centre_type", *ch.CentreType), "/centreType", "organisation.centre_type_unknown")
	}
	if ch.Services != nil {
		checkServices(&c, *ch.Services)
	}
	return c.Err()
}

// Apply changes the organisation; the change itself was checked before.
func (o *Organisation) Apply(ch OrganisationChange) error {
	if ch.Name != nil {
		o.Name = *ch.Name
	}
	if ch.CentreType != nil {
		o.CentreType = *ch.CentreType
	}
	if ch.Services != nil {
		o.Services = *ch.Services
	}
	if ch.Capabilities != nil {
		o.Capabilities = *ch.Capabilities
	}
	if ch.GapRule != nil {
		o.GapRule = *ch.GapRule
	}
	if ch.Active != nil {
		o.Active = *ch.Active
	}
	var c Checks
	c.Require(!slices.Contains(o.Services, "oat") || o.Capabilities.OATAvailable, "/services", "organisation.service_not_available")
	return c.Err()
}

// checkName counts letters, not bytes: a Cyrillic one has two.
func checkName(c *Checks, name string) {
	c.Require(strings.TrimSpace(name) != "" && utf8.RuneCountInString(name) <= 120, "/name", "organisation.name_length")
	c.Require(!strings.ContainsFunc(name, unicode.IsControl), "/name", "text.not_printable")
}

func checkServices(c *Checks, services []string) {
	for _, s := range services {
		c.Require(InList("referral_need", s), "/services", "organisation.service_unknown")
	}
}

// Receives reports whether referrals and consents may name this organisation: it
// treats or supports people, and is not security, probation or a ministry.
func (o *Organisation) Receives() bool {
	_, ok := o.Kind.Sector()
	return ok && o.Active
}
