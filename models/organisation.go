package models

import (
	"slices"
	"strings"
	"time"
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
	// ReportsStructured says that the unit gives treatment in the TDI sense; an NGO
	// that gives only needles or outreach does not.
	ReportsStructured bool
	// Serves is the institution a prison_health unit serves, empty otherwise.
	Serves    OrganisationID
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
	ReportsStructured bool
	Serves            OrganisationID
}

// OrganisationChange lists what may change; nil means unchanged.
type OrganisationChange struct {
	Name       *string
	Services   *[]string
	CentreType *string
	Active     *bool
}

// Check validates a new organisation on the civil date today.
func (n NewOrganisation) Check(today Date) error {
	var c Checks
	c.Require(strings.TrimSpace(n.Name) != "" && len(n.Name) <= 120, "/name", "organisation.name_length")
	c.Require(slices.Contains(OrganisationKinds, n.Kind), "/kind", "organisation.kind_unknown")
	c.Require(RegionKnown(n.Country, n.Region, today), "/region", "organisation.region_unknown")
	c.Require(InList("tdi_centre_type", n.CentreType), "/centreType", "organisation.centre_type_unknown")
	checkServices(&c, n.Services)
	c.Require((n.Serves != "") == (n.Kind == KindPrisonHealth), "/serves", "organisation.serves_institution")
	return c.Err()
}

// Apply changes the organisation after checking the change.
func (o *Organisation) Apply(ch OrganisationChange) error {
	var c Checks
	if ch.Name != nil {
		c.Require(strings.TrimSpace(*ch.Name) != "" && len(*ch.Name) <= 120, "/name", "organisation.name_length")
		o.Name = *ch.Name
	}
	if ch.CentreType != nil {
		c.Require(InList("tdi_centre_type", *ch.CentreType), "/centreType", "organisation.centre_type_unknown")
		o.CentreType = *ch.CentreType
	}
	if ch.Services != nil {
		checkServices(&c, *ch.Services)
		o.Services = *ch.Services
	}
	if ch.Active != nil {
		o.Active = *ch.Active
	}
	return c.Err()
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
