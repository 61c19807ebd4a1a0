package handlers

import (
	"net/http"
	"time"

	"jol/models"
	"jol/models/protocols"
)

// maxFrom bounds the steps an evaluation may begin at; no protocol has more entries.
const maxFrom = 100

type evaluationRequest struct {
	// Facts by id, as GET /protocols/{slug}/facts lists them. A fact that is left out is
	// unknown, never false. None may identify a person.
	Facts map[string]any `json:"facts"`
	// At is the moment to which time is counted; now when left out.
	At *time.Time `json:"at"`
	// Facility is the place where the protocol is followed.
	Facility *facilityRequest `json:"facility"`
	// From are steps to begin at instead of the entries of the protocol.
	From []string `json:"from" format:"slug"`
	// Answers are the branches chosen for human decisions, by step.
	Answers map[string][]string `json:"answers"`
}

type facilityRequest struct {
	// Organisation of the directory, for callers who are signed in: its country, region,
	// setting, capabilities and own limits count, and must not be given beside it.
	Organisation models.OrganisationID `json:"organisation"`
	Country      string                `json:"country" enums:"KZ,KG,TJ,TM,UZ"`              // the protocol's when left out
	Region       string                `json:"region" extensions:"x-code-list=region"`      // where it is
	Setting      string                `json:"setting" enums:"clinic,prison,ngo,community"` // kind of place; required with capabilities
	// Capabilities of this place, in its setting; the country's where left out.
	Capabilities *facilityCapabilitiesRequest `json:"capabilities"`
	// Systems chooses among the published band systems of a tool, by tool.
	Systems map[string]string `json:"systems"`
	// GapRule names the rule by hours for gaps in agonist treatment, or none.
	GapRule string `json:"gapRule" format:"slug"`
}

type facilityCapabilitiesRequest struct {
	OATAvailable           *bool `json:"oatAvailable"`           // agonist treatment
	BuprenorphineAvailable *bool `json:"buprenorphineAvailable"` // buprenorphine
	TakeHomeAllowed        *bool `json:"takeHomeAllowed"`        // doses taken home
	THNAllowed             *bool `json:"thnAllowed"`             // naloxone to take home
	NSPAllowed             *bool `json:"nspAllowed"`             // needles and syringes
}

// EvaluateProtocol says which steps of a protocol apply to facts, and why.
//
//	@Summary		Which steps apply
//	@Description	Steps that apply in order, each with the conditions that held and the facts they used; hard safety stops first; due times where the anchors are given; decisions left to people, with their closed answers; facts that are missing and what each would decide. It never orders a dose and never decides for a clinician. Stateless: nothing is stored, and the same request always has the same answer (give `at`).
//	@Tags			protocols
//	@Accept			json
//	@Produce		json
//	@Param			slug			path		string				true	"protocol"	Enums(therapeutic-programme, prison-civil-society-protocol)
//	@Param			lang			query		string				false	"language, before Accept-Language"
//	@Param			Accept-Language	header		string				false	"preferred language"
//	@Param			body			body		evaluationRequest	true	"facts"
//	@Success		200				{object}	protocols.Evaluation
//	@Failure		default			{object}	ProblemView
//	@Router			/api/v1/protocols/{slug}/evaluations [post]
func EvaluateProtocol(c *PublicCall) error {
	in, err := bind[evaluationRequest](&c.Exchange)
	if err != nil {
		return err
	}
	inquiry, err := in.inquiry()
	if err != nil {
		return err
	}
	if in.Facility != nil && in.Facility.Organisation != "" {
		if err := c.atOrganisation(in.Facility, &inquiry.Facility); err != nil {
			return err
		}
	}
	language, err := c.language()
	if err != nil {
		return err
	}
	answer, err := c.Protocols.Evaluate(c.Param("slug"), language, inquiry)
	if err != nil {
		return err
	}
	c.Reply["Vary"] = varyProtocol
	c.Reply["Content-Language"] = []string{language}
	return c.JSON(http.StatusOK, answer)
}

// errFacilitySignIn keeps the directory behind the sign-in that it has everywhere.
var errFacilitySignIn = models.Fail(models.KindUnauthenticated, "facility.sign_in", "Naming an organisation needs a token; describe the facility, or sign in.")

// atOrganisation takes the place of an evaluation from the directory, with the limits that
// it has of its own.
func (c *PublicCall) atOrganisation(in *facilityRequest, f *protocols.Facility) error {
	if c.Facilities == nil {
		return errFacilitySignIn
	}
	o, limits, err := c.Facilities.Get(c.Context, in.Organisation)
	if models.IsKind(err, models.KindNotFound) {
		return invalid("/facility/organisation", "facility.organisation_unknown")
	}
	if err != nil {
		return err
	}
	f.Country, f.Region, f.Setting = o.Country, o.Region, settingOf[o.Kind]
	f.Capabilities = map[string]bool{"oat": o.Capabilities.OATAvailable, "buprenorphine": o.Capabilities.BuprenorphineAvailable,
		"naloxone": o.Capabilities.THNAllowed, "nsp": o.Capabilities.NSPAllowed}
	f.Limits = c.Protocols.FacilityOverrides(limits)
	return nil
}

// settingOf is where an organisation follows a protocol; one that treats nobody has none,
// and its capabilities are not asked.
var settingOf = map[models.OrganisationKind]string{models.KindClinic: "clinic", models.KindPrisonHealth: "prison", models.KindPrison: "prison",
	models.KindNGO: "ngo", models.KindProbation: "community"}

// inquiry turns the request into what the protocols understand.
func (in evaluationRequest) inquiry() (protocols.Inquiry, error) {
	out := protocols.Inquiry{Facts: in.Facts, At: models.Now(), From: in.From, Answers: in.Answers}
	var checks models.Checks
	if in.At != nil {
		out.At = *in.At
		checks.Require(out.At.Year() >= 2000 && out.At.Year() <= 2100, "/at", "evaluation.at_out_of_range")
	}
	checks.Require(len(in.From) <= maxFrom, "/from", "evaluation.too_many_steps")
	if f := in.Facility; f != nil {
		out.Facility = protocols.Facility{Country: f.Country, Region: f.Region, Setting: f.Setting, Systems: f.Systems, GapRule: f.GapRule}
		alone := f.Country == "" && f.Region == "" && f.Setting == "" && f.Capabilities == nil
		checks.Require(f.Organisation == "" || alone, "/facility/organisation", "facility.organisation_alone")
		if f.Capabilities != nil {
			checks.Require(f.Setting != "", "/facility/setting", "facility.setting_required")
			out.Facility.Capabilities = f.Capabilities.named()
		}
	}
	return out, checks.Err()
}

// named gives the capabilities the names that the protocols use.
func (c facilityCapabilitiesRequest) named() map[string]bool {
	out := map[string]bool{}
	for name, v := range map[string]*bool{"oat": c.OATAvailable, "buprenorphine": c.BuprenorphineAvailable,
		"take_home": c.TakeHomeAllowed, "naloxone": c.THNAllowed, "nsp": c.NSPAllowed} {
		if v != nil {
			out[name] = *v
		}
	}
	return out
}

// GetFacts documents the facts that an evaluation understands.
//
//	@Summary		Facts of a protocol
//	@Description	Every fact with its type, unit, closed list, label and what it decides; the scales with their published band systems; dosing schedules with their missed-dose bands; what each country offers. Each number says how it is known.
//	@Tags			protocols
//	@Produce		json
//	@Param			slug			path		string	true	"protocol"	Enums(therapeutic-programme, prison-civil-society-protocol)
//	@Param			lang			query		string	false	"language, before Accept-Language"
//	@Param			Accept-Language	header		string	false	"preferred language"
//	@Success		200				{object}	object
//	@Success		304
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/protocols/{slug}/facts [get]
func GetFacts(c *PublicCall) error {
	language, err := c.language()
	if err != nil {
		return err
	}
	body, ok := c.Protocols.Facts(c.Param("slug"), language)
	if !ok {
		return models.NotFound("protocol")
	}
	return c.rendered(body)
}
