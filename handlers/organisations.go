package handlers

import (
	"jol/models"
	"jol/models/store"
)

// OrganisationView is an organisation in the directory. It says nothing about clients.
type OrganisationView struct {
	ID                models.OrganisationID   `json:"id" cat:"organisation"`
	Name              string                  `json:"name" cat:"organisation"`
	Kind              models.OrganisationKind `json:"kind" cat:"organisation"`
	Country           string                  `json:"country" cat:"organisation"`
	Region            string                  `json:"region" cat:"organisation"`
	CentreType        string                  `json:"centreType" cat:"organisation"`
	Services          []string                `json:"services" cat:"organisation"`
	Capabilities      models.Capabilities     `json:"capabilities" cat:"organisation"`
	ReportsStructured bool                    `json:"reportsStructured" cat:"organisation"`
	Serves            *models.OrganisationID  `json:"serves" cat:"organisation"`
	GapRule           *string                 `json:"gapRule" cat:"organisation"` // by hours, for gaps in agonist treatment; null: the country's
	Active            bool                    `json:"active" cat:"organisation"`
	Version           int64                   `json:"version" cat:"organisation"`
}

func organisationView(o models.Organisation) OrganisationView {
	return OrganisationView{
		ID: o.ID, Name: o.Name, Kind: o.Kind, Country: o.Country, Region: o.Region, CentreType: o.CentreType,
		Services: o.Services, Capabilities: o.Capabilities, ReportsStructured: o.ReportsStructured, Serves: optional(o.Serves), GapRule: optional(o.GapRule), Active: o.Active, Version: o.Version,
	}
}

// ListOrganisations finds organisations, for example a receiver for a referral.
//
//	@Summary	Find organisations
//	@Tags		organisations
//	@Security	bearer
//	@Produce	json
//	@Param		kind	query		string	false	"organisation kind"
//	@Param		region	query		string	false	"ISO 3166-2 region"
//	@Param		service	query		string	false	"code of the list referral_need"
//	@Param		limit	query		int		false	"page size, 1 to 200"
//	@Param		cursor	query		string	false	"cursor of the page before"
//	@Success	200		{object}	Page[OrganisationView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/organisations [get]
func ListOrganisations(c *Call) error {
	kind, err := c.choice("kind", func(s string) bool { return models.OrganisationKind(s).Roles() != nil })
	if err != nil {
		return err
	}
	region, err := c.choice("region", func(s string) bool {
		return models.RegionKnown(c.Actor.Country, s, models.DateOf(models.Now(), c.Actor.Zone))
	})
	if err != nil {
		return err
	}
	service, err := c.choice("service", func(s string) bool { return models.InList("referral_need", s) })
	if err != nil {
		return err
	}
	paging, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListOrganisations(c.Context, store.OrganisationFilter{
		Kind: models.OrganisationKind(kind), Region: region, Service: service,
	}, paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, organisationView)
}

// GetOrganisation returns one organisation.
//
//	@Summary	One organisation
//	@Tags		organisations
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"organisation id"
//	@Success	200	{object}	OrganisationView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/organisations/{id} [get]
func GetOrganisation(c *Call) error {
	o, err := c.Store.GetOrganisation(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(o.Version, organisationView(*o))
}

type organisationRequest struct {
	Name              string                  `json:"name" validate:"required" maxLength:"120"`                                // as the directory shows it
	Kind              models.OrganisationKind `json:"kind" validate:"required"`                                                // decides which roles it has
	Region            string                  `json:"region" validate:"required" extensions:"x-code-list=region"`              // where it is
	CentreType        string                  `json:"centreType" validate:"required" extensions:"x-code-list=tdi_centre_type"` // TDI 1
	Services          []string                `json:"services" extensions:"x-code-list=referral_need"`                         // what it offers
	Capabilities      *models.Capabilities    `json:"capabilities"`                                                            // what is possible there; as the kind has it when left out
	ReportsStructured bool                    `json:"reportsStructured"`                                                       // whether its episodes are structured treatment
	Serves            models.OrganisationID   `json:"serves"`                                                                  // prison_health: the prison it serves; required there
}

// CreateOrganisation adds an organisation.
//
//	@Summary	Add an organisation
//	@Tags		organisations
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		body	body		organisationRequest	true	"organisation"
//	@Success	201		{object}	OrganisationView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/organisations [post]
func CreateOrganisation(c *Call) error {
	in, err := bind[organisationRequest](&c.Exchange)
	if err != nil {
		return err
	}
	o, out, err := c.Store.CreateOrganisation(c.Context, models.NewOrganisation{
		Name: in.Name, Kind: in.Kind, Region: in.Region, CentreType: in.CentreType, Services: in.Services,
		Capabilities: in.Capabilities, ReportsStructured: in.ReportsStructured, Serves: in.Serves,
	})
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/organisations/"+string(o.ID), o.Version, organisationView(*o))
}

type organisationChangeRequest struct {
	Name         *string              `json:"name" maxLength:"120"`                                // new name
	Services     *[]string            `json:"services" extensions:"x-code-list=referral_need"`     // all it offers from now on
	Capabilities *models.Capabilities `json:"capabilities"`                                        // what is possible there
	CentreType   *string              `json:"centreType" extensions:"x-code-list=tdi_centre_type"` // TDI 1
	GapRule      *string              `json:"gapRule" format:"slug"`                               // a gap rule of the protocols, none, or empty for the country's
	Active       *bool                `json:"active"`                                              // false closes it
}

// ChangeOrganisation changes name, services, centre type or activity.
//
//	@Summary	Change an organisation
//	@Tags		organisations
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		id		path		string						true	"organisation id"
//	@Param		body	body		organisationChangeRequest	true	"what changes"
//	@Success	200		{object}	OrganisationView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/organisations/{id} [patch]
func ChangeOrganisation(c *Call) error {
	in, err := bind[organisationChangeRequest](&c.Exchange)
	if err != nil {
		return err
	}
	if in.GapRule != nil && *in.GapRule != "" && *in.GapRule != "none" {
		if _, known := c.Protocols.GapRule(*in.GapRule); !known {
			return invalid("/gapRule", "organisation.gap_rule_unknown")
		}
	}
	o, err := c.Store.ChangeOrganisation(c.Context, c.Param("id"), models.OrganisationChange{
		Name: in.Name, Services: in.Services, Capabilities: in.Capabilities, CentreType: in.CentreType, GapRule: in.GapRule, Active: in.Active,
	})
	if err != nil {
		return err
	}
	return c.Versioned(o.Version, organisationView(*o))
}
