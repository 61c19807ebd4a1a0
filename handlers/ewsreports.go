package handlers

import (
	"net/http"
	"time"

	"jol/models"
	"jol/models/indicators"
	"jol/models/store"
)

type ewsConfirmationRequest struct {
	NPSClass          string `json:"npsClass" validate:"required" extensions:"x-code-list=nps_class"`        // class of new substance
	ChemicalName      string `json:"chemicalName" maxLength:"200"`                                           // IUPAC or common name, screened
	Formula           string `json:"formula" format:"hill"`                                                  // sum formula in Hill order
	InChIKey          string `json:"inchiKey" format:"inchi-key"`                                            // 27 characters
	CAS               string `json:"cas" format:"cas"`                                                       // registry number
	Method            string `json:"method" validate:"required" extensions:"x-code-list=ews_method"`         // of the analysis
	ReferenceStandard bool   `json:"referenceStandard"`                                                      // compared with a reference standard
	Laboratory        string `json:"laboratory" validate:"required" extensions:"x-code-list=ews_laboratory"` // a kind of laboratory
}

type ewsReportRequest struct {
	SourceType        string   `json:"sourceType" validate:"required" extensions:"x-code-list=ews_source_type"`     // what it is known from
	Month             string   `json:"month" validate:"required" format:"year-month"`                               // YYYY-MM, this one or at most 24 ago
	Region            string   `json:"region" extensions:"x-code-list=region"`                                      // empty: your organisation's
	SuspectedNames    []string `json:"suspectedNames" maxLength:"60"`                                               // what it may be, screened
	StreetNames       []string `json:"streetNames" maxLength:"60"`                                                  // what it is sold as, screened
	NPSClass          string   `json:"npsClass" validate:"required" extensions:"x-code-list=nps_class"`             // class of new substance
	ChemicalName      string   `json:"chemicalName" maxLength:"200"`                                                // IUPAC or common name, screened
	Formula           string   `json:"formula" format:"hill"`                                                       // sum formula in Hill order
	InChIKey          string   `json:"inchiKey" format:"inchi-key"`                                                 // 27 characters
	CAS               string   `json:"cas" format:"cas"`                                                            // registry number
	PhysicalForm      string   `json:"physicalForm" validate:"required" extensions:"x-code-list=ews_physical_form"` // what it looks like
	Quantity          int64    `json:"quantity" minimum:"0"`                                                        // of a product, with its unit
	Unit              string   `json:"unit" extensions:"x-code-list=ews_unit"`                                      // required with quantity
	Cases             int      `json:"cases" minimum:"0"`                                                           // people; 0 for a product
	OtherSubstances   []string `json:"otherSubstances" extensions:"x-code-list=substance"`                          // found with it
	Method            string   `json:"method" validate:"required" extensions:"x-code-list=ews_method"`              // of the analysis
	ReferenceStandard bool     `json:"referenceStandard"`                                                           // compared with a reference standard
	Laboratory        string   `json:"laboratory" extensions:"x-code-list=ews_laboratory"`                          // a kind of laboratory; empty: none
	Route             string   `json:"route" extensions:"x-code-list=tdi_route"`                                    // of people only, required there
	Severity          string   `json:"severity" extensions:"x-code-list=ews_severity"`                              // of people only, required there
	Circumstances     string   `json:"circumstances" maxLength:"500"`                                               // free text, screened
	Confidentiality   string   `json:"confidentiality" extensions:"x-code-list=ews_confidentiality"`                // empty: restricted
}

func (in ewsReportRequest) report() models.NewEWSReport {
	return models.NewEWSReport{
		Identification: models.Identification{
			NPSClass: in.NPSClass, ChemicalName: in.ChemicalName, Formula: in.Formula, InChIKey: in.InChIKey, CAS: in.CAS,
			Method: in.Method, ReferenceStandard: in.ReferenceStandard, Laboratory: in.Laboratory,
		},
		SourceType: in.SourceType, Month: in.Month, Region: in.Region, SuspectedNames: in.SuspectedNames, StreetNames: in.StreetNames,
		PhysicalForm: in.PhysicalForm, Quantity: in.Quantity, Unit: in.Unit, Cases: in.Cases, OtherSubstances: in.OtherSubstances,
		Route: in.Route, Severity: in.Severity, Circumstances: in.Circumstances, Confidentiality: in.Confidentiality,
	}
}

// EWSReportView is a report for those who made it and for the programme.
type EWSReportView struct {
	ID                string                `json:"id" cat:"ewsReport"`
	Organisation      models.OrganisationID `json:"organisation" cat:"ewsReport"`
	SourceType        string                `json:"sourceType" cat:"ewsReport"`
	Month             string                `json:"month" cat:"ewsReport"`
	Region            *string               `json:"region" cat:"ewsReport"`
	SuspectedNames    []string              `json:"suspectedNames" cat:"ewsReport"`
	StreetNames       []string              `json:"streetNames" cat:"ewsReport"`
	NPSClass          string                `json:"npsClass" cat:"ewsReport"`
	ChemicalName      string                `json:"chemicalName" cat:"ewsReport"`
	Formula           string                `json:"formula" cat:"ewsReport"`
	InChIKey          string                `json:"inchiKey" cat:"ewsReport"`
	CAS               string                `json:"cas" cat:"ewsReport"`
	PhysicalForm      string                `json:"physicalForm" cat:"ewsReport"`
	Quantity          int64                 `json:"quantity" cat:"ewsReport"`
	Unit              *string               `json:"unit" cat:"ewsReport"`
	Cases             int                   `json:"cases" cat:"ewsReport"`
	OtherSubstances   []string              `json:"otherSubstances" cat:"ewsReport"`
	Method            string                `json:"method" cat:"ewsReport"`
	ReferenceStandard bool                  `json:"referenceStandard" cat:"ewsReport"`
	Laboratory        *string               `json:"laboratory" cat:"ewsReport"`
	Route             *string               `json:"route" cat:"ewsReport"`
	Severity          *string               `json:"severity" cat:"ewsReport"`
	Circumstances     string                `json:"circumstances" cat:"ewsReport"`
	Confidentiality   string                `json:"confidentiality" cat:"ewsReport"`
	State             string                `json:"state" cat:"ewsReport"`
	ConfirmedAt       *time.Time            `json:"confirmedAt" cat:"ewsReport"`
	RetractedAt       *time.Time            `json:"retractedAt" cat:"ewsReport"`
	Retraction        *string               `json:"retraction" cat:"ewsReport"`
	Allowed           []string              `json:"allowed" cat:"ewsReport"`
	Version           int64                 `json:"version" cat:"ewsReport"`
}

// EWSSharedReportView is the warning alone: the substance, without who saw it, how much
// there was and what happened. Where it was seen is told of products only.
type EWSSharedReportView struct {
	ID                string   `json:"id" cat:"ewsReport"`
	SourceType        string   `json:"sourceType" cat:"ewsReport"`
	Month             string   `json:"month" cat:"ewsReport"`
	Region            *string  `json:"region" cat:"ewsReport"`
	SuspectedNames    []string `json:"suspectedNames" cat:"ewsReport"`
	StreetNames       []string `json:"streetNames" cat:"ewsReport"`
	NPSClass          string   `json:"npsClass" cat:"ewsReport"`
	ChemicalName      string   `json:"chemicalName" cat:"ewsReport"`
	Formula           string   `json:"formula" cat:"ewsReport"`
	InChIKey          string   `json:"inchiKey" cat:"ewsReport"`
	CAS               string   `json:"cas" cat:"ewsReport"`
	PhysicalForm      string   `json:"physicalForm" cat:"ewsReport"`
	OtherSubstances   []string `json:"otherSubstances" cat:"ewsReport"`
	Method            string   `json:"method" cat:"ewsReport"`
	ReferenceStandard bool     `json:"referenceStandard" cat:"ewsReport"`
	Confidentiality   string   `json:"confidentiality" cat:"ewsReport"`
	State             string   `json:"state" cat:"ewsReport"`
	Retraction        *string  `json:"retraction" cat:"ewsReport"`
	Version           int64    `json:"version" cat:"ewsReport"`
}

// ewsAnswer picks the response type for what may be seen.
func ewsAnswer(r store.SeenEWSReport) any {
	month := string(r.Month[:len("2026-01")])
	if !r.Whole {
		v := EWSSharedReportView{
			ID: r.ID, SourceType: r.SourceType, Month: month, SuspectedNames: r.SuspectedNames, StreetNames: r.StreetNames, NPSClass: r.NPSClass,
			ChemicalName: r.ChemicalName, Formula: r.Formula, InChIKey: r.InChIKey, CAS: r.CAS, PhysicalForm: r.PhysicalForm,
			OtherSubstances: r.OtherSubstances, Method: r.Method, ReferenceStandard: r.ReferenceStandard, Confidentiality: r.Confidentiality,
			State: r.State, Retraction: optional(r.Retraction), Version: r.Version,
		}
		if !r.OfPerson() {
			v.Region = &r.Region
		}
		return v
	}
	return EWSReportView{
		ID: r.ID, Organisation: r.OrganisationID, SourceType: r.SourceType, Month: month, Region: &r.Region, SuspectedNames: r.SuspectedNames,
		StreetNames: r.StreetNames, NPSClass: r.NPSClass, ChemicalName: r.ChemicalName, Formula: r.Formula, InChIKey: r.InChIKey, CAS: r.CAS,
		PhysicalForm: r.PhysicalForm, Quantity: r.Quantity, Unit: optional(r.Unit), Cases: r.Cases, OtherSubstances: r.OtherSubstances,
		Method: r.Method, ReferenceStandard: r.ReferenceStandard, Laboratory: optional(r.Laboratory), Route: optional(r.Route),
		Severity: optional(r.Severity), Circumstances: r.Circumstances, Confidentiality: r.Confidentiality, State: r.State,
		ConfirmedAt: r.ConfirmedAt, RetractedAt: r.RetractedAt, Retraction: optional(r.Retraction), Allowed: r.Allowed, Version: r.Version,
	}
}

// ReportEWS records a report of a suspected new substance.
//
//	@Summary		Report a suspected new substance
//	@Description	About a substance, never about a person: no client, no day, no place below the region. Names and circumstances are screened. What rises with it proposes an alert.
//	@Tags			early warning
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			body	body		ewsReportRequest	true	"codes from the code lists; confidentiality says who reads it"
//	@Success		201		{object}	EWSReportView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/ews-reports [post]
func ReportEWS(c *Call) error {
	in, err := bind[ewsReportRequest](&c.Exchange)
	if err != nil {
		return err
	}
	if in.Region == "" {
		in.Region = c.Actor.Region
	}
	if in.Confidentiality == "" {
		in.Confidentiality = models.EWSRestricted
	}
	r, out, err := c.Store.ReportEWS(c.Context, in.report())
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/ews-reports/"+r.ID, r.Version, ewsAnswer(*r))
}

// ListEWSReports lists the reports that the caller may see, those of the newest month first.
//
//	@Summary		Reports of suspected new substances
//	@Description	Your organisation's whole; of others what their level of confidentiality shares, without who saw it and what happened. The programme sees all.
//	@Tags			early warning
//	@Security		bearer
//	@Produce		json
//	@Param			state	query		string	false	"only these"	Enums(suspected, confirmed, retracted)
//	@Param			limit	query		int		false	"page size, 1 to 200"
//	@Param			cursor	query		string	false	"cursor of the page before"
//	@Success		200		{object}	Page[EWSReportView]
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/ews-reports [get]
func ListEWSReports(c *Call) error {
	state, err := c.choice("state", oneOf(models.EWSStates...))
	if err != nil {
		return err
	}
	paging, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListEWSReports(c.Context, state, paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, ewsAnswer)
}

// GetEWSReport returns one report, or what of it is shared.
//
//	@Summary	One report of a suspected new substance
//	@Tags		early warning
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"report id"
//	@Success	200	{object}	EWSReportView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/ews-reports/{id} [get]
func GetEWSReport(c *Call) error {
	r, err := c.Store.GetEWSReport(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(r.Version, ewsAnswer(*r))
}

// ConfirmEWS confirms a report by an analysis.
//
//	@Summary		Confirm a report
//	@Description	By somebody else than the reporter: what an analysis found takes the place of what was suspected.
//	@Tags			early warning
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			id		path		string				true	"report id"
//	@Param			body	body		ewsConfirmationRequest	true	"what was found, how and by what kind of laboratory"
//	@Success		200		{object}	EWSReportView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/ews-reports/{id}/confirmation [post]
func ConfirmEWS(c *Call) error {
	in, err := bind[ewsConfirmationRequest](&c.Exchange)
	if err != nil {
		return err
	}
	r, err := c.Store.ConfirmEWS(c.Context, c.Param("id"), models.Identification(in))
	if err != nil {
		return err
	}
	return c.Versioned(r.Version, ewsAnswer(*r))
}

type ewsRetractionRequest struct {
	Reason string `json:"reason" validate:"required" extensions:"x-code-list=ews_retraction"` // why it is taken back
}

// RetractEWS takes a report back.
//
//	@Summary		Retract a report
//	@Description	A suspected one by its organisation or the programme, a confirmed one by the programme. Alerts that rest on it are taken back or marked as weakened.
//	@Tags			early warning
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			id		path		string					true	"report id"
//	@Param			body	body		ewsRetractionRequest	true	"reason"
//	@Success		200		{object}	EWSReportView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/ews-reports/{id}/retraction [post]
func RetractEWS(c *Call) error {
	in, err := bind[ewsRetractionRequest](&c.Exchange)
	if err != nil {
		return err
	}
	r, err := c.Store.RetractEWS(c.Context, c.Param("id"), in.Reason)
	if err != nil {
		return err
	}
	return c.Versioned(r.Version, ewsAnswer(*r))
}

// EWSFiguresView is EWS01 of the reports that the caller reads whole.
type EWSFiguresView struct {
	Indicator string          `json:"indicator" cat:"ewsReport"`
	Period    string          `json:"period" cat:"ewsReport"`
	AsOf      models.Date     `json:"asOf" cat:"ewsReport"`
	Status    string          `json:"status" cat:"ewsReport"` // provisional or final
	Cells     []EWSFigureView `json:"cells" cat:"ewsReport"`
}

// EWSFigureView is one exact count; what is not listed is none.
type EWSFigureView struct {
	Status     string `json:"status" cat:"ewsReport"`
	NPSClass   string `json:"npsClass" cat:"ewsReport"`
	SourceType string `json:"sourceType" cat:"ewsReport"`
	Reports    int64  `json:"reports" cat:"ewsReport"`
}

// GetEWSFigures counts reports.
//
//	@Summary		Counts of reports (EWS01)
//	@Description	By status, class and source, of the reports that you read whole: your organisation's, for the programme the country's. They are exact and not for publication; the sealed plan does not have them.
//	@Tags			early warning
//	@Security		bearer
//	@Produce		json
//	@Param			period	query		string	true	"a quarter or year, for example 2026Q3"
//	@Success		200		{object}	EWSFiguresView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/ews-figures [get]
func GetEWSFigures(c *Call) error {
	period, err := indicators.ParsePeriod(c.Query.Get("period"))
	if err != nil {
		return invalid("/period", "release.period_unknown")
	}
	rows, asOf, err := c.Store.CountedEWSReports(c.Context, period.Start(), period.End())
	if err != nil {
		return err
	}
	status, signals := indicators.Signals(rows, period, asOf)
	view := EWSFiguresView{Indicator: "EWS01", Period: period.String(), AsOf: asOf, Status: string(status), Cells: []EWSFigureView{}}
	for _, s := range signals {
		view.Cells = append(view.Cells, EWSFigureView(s))
	}
	return c.JSON(http.StatusOK, view)
}
