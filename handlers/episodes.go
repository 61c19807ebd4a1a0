package handlers

import (
	"time"

	"jol/models"
	"jol/models/store"
)

type episodeRequest struct {
	StartDate models.Date `json:"startDate" validate:"required"` // today or earlier
	// State is where the episode comes in: screened, assessed, planned, or in_treatment when
	// it is left out, which is care that runs already.
	State             string `json:"state" enums:"screened,assessed,planned,in_treatment"`
	Structured        *bool  `json:"structured"`                                                                            // whether it is counted as structured treatment; left out: as the organisation reports
	LegalBasis        string `json:"legalBasis" validate:"required" extensions:"x-code-list=legal_basis"`                   // what it rests on in law
	Protocol          string `json:"protocol" format:"slug"`                                                                // therapeutic-programme when left out
	PreviousTreatment string `json:"previousTreatment" validate:"required" extensions:"x-code-list=tdi_previous_treatment"` // TDI 3
	ReferralSource    string `json:"referralSource" validate:"required" extensions:"x-code-list=tdi_referral_source"`       // TDI 4
	PrimaryDrug       string `json:"primaryDrug" validate:"required" extensions:"x-code-list=substance"`                    // TDI 12
	Route             string `json:"route" validate:"required" extensions:"x-code-list=tdi_route"`                          // TDI 13, of the primary drug
	Injecting         string `json:"injecting" validate:"required" extensions:"x-code-list=tdi_injecting"`                  // TDI 20
}

// EpisodeView is an episode with its TDI entry items.
type EpisodeView struct {
	ID                string                `json:"id" cat:"treatmentFact"`
	ClientCode        *string               `json:"clientCode" cat:"identity"`
	Organisation      models.OrganisationID `json:"organisation" cat:"treatmentFact"`
	Structured        bool                  `json:"structured" cat:"treatmentFact"`
	StartDate         models.Date           `json:"startDate" cat:"treatmentFact"`
	EndDate           *models.Date          `json:"endDate" cat:"treatmentFact"`
	EndReason         *string               `json:"endReason" cat:"diagnosis"`
	LastContact       models.Date           `json:"lastContact" cat:"treatmentFact"`
	LegalBasis        string                `json:"legalBasis" cat:"diagnosis"`
	Protocol          string                `json:"protocol" cat:"treatmentFact"`
	Edition           string                `json:"edition" cat:"treatmentFact"`
	Sex               string                `json:"sex" cat:"identity"`
	AgeAtStart        int                   `json:"ageAtStart" cat:"diagnosis"`
	CentreType        string                `json:"centreType" cat:"treatmentFact"`
	PreviousTreatment string                `json:"previousTreatment" cat:"diagnosis"`
	ReferralSource    string                `json:"referralSource" cat:"diagnosis"`
	PrimaryDrug       string                `json:"primaryDrug" cat:"diagnosis"`
	Route             string                `json:"route" cat:"diagnosis"`
	Injecting         string                `json:"injecting" cat:"diagnosis"`
	State             string                `json:"state" cat:"treatmentFact" enums:"screened,assessed,planned,in_treatment,suspended,aftercare,closed"`
	SuspendedFor      *string               `json:"suspendedFor" cat:"episode"` // as the next ones, of the caller's own client only
	SuspendedAt       *time.Time            `json:"suspendedAt" cat:"episode"`
	Reopens           *string               `json:"reopens" cat:"episode"` // the episode that this one takes up again
	Allowed           []string              `json:"allowed" cat:"episode"`
	Version           int64                 `json:"version" cat:"treatmentFact"`
}

// EpisodeFactView is the bare fact of treatment.
type EpisodeFactView struct {
	ID           string                `json:"id" cat:"treatmentFact"`
	Organisation models.OrganisationID `json:"organisation" cat:"treatmentFact"`
	StartDate    models.Date           `json:"startDate" cat:"treatmentFact"`
	EndDate      *models.Date          `json:"endDate" cat:"treatmentFact"`
}

func episodeView(e store.SeenEpisode) EpisodeView {
	v := EpisodeView{
		ID: e.ID, ClientCode: optional(e.ClientCode), Organisation: e.OrganisationID, Structured: e.Structured, StartDate: e.StartDate,
		EndDate: optional(e.EndDate), EndReason: optional(e.EndReason), LastContact: e.LastContact, LegalBasis: e.LegalBasis, Protocol: e.Protocol, Edition: e.Edition, Sex: e.Sex,
		AgeAtStart: e.AgeAtStart, CentreType: e.CentreType, PreviousTreatment: e.PreviousTreatment, ReferralSource: e.ReferralSource,
		PrimaryDrug: e.PrimaryDrug, Route: e.Route, Injecting: e.Injecting, State: e.State, Allowed: []string{}, Version: e.Version,
	}
	if e.ClientCode != "" { // custody and hospital are not told with an episode of another organisation
		v.SuspendedFor, v.SuspendedAt, v.Reopens = optional(e.SuspendedFor), e.SuspendedAt, optional(e.Reopens)
		v.Allowed = e.Allowed()
	}
	return v
}

// episodeAnswer picks the response type for what may be seen.
func episodeAnswer(e store.SeenEpisode) any {
	if !e.Whole {
		return EpisodeFactView{ID: e.ID, Organisation: e.OrganisationID, StartDate: e.StartDate, EndDate: optional(e.EndDate)}
	}
	return episodeView(e)
}

// ListEpisodes lists the episodes of a client that the caller may read whole: its own organisation's,
// and what else the pathway shows whole.
//
//	@Summary	A client's episodes
//	@Tags		episodes
//	@Security	bearer
//	@Produce	json
//	@Param		code	path		string	true	"client code of your sector"
//	@Param		limit	query		int		false	"1 to 200, 50 when left out"
//	@Param		cursor	query		string	false	"of the page before"
//	@Success	200		{object}	Page[EpisodeView]
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/episodes [get]
func ListEpisodes(c *Call) error {
	p, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListEpisodes(c.Context, c.Param("code"), p)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, episodeView)
}

// GetEpisode returns one of the organisation's own episodes.
//
//	@Summary	One episode
//	@Tags		episodes
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"episode id"
//	@Success	200	{object}	EpisodeView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/episodes/{id} [get]
func GetEpisode(c *Call) error {
	e, err := c.Store.GetEpisode(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	return c.Versioned(e.Version, episodeView(*e))
}

// defaultProtocol is what an episode follows when the worker names none.
const defaultProtocol = "therapeutic-programme"

// StartEpisode opens an episode, pinned to the edition of the protocol served now. Sex
// comes from the client, centre type from the organisation, age from the birth year.
//
//	@Summary	Start an episode
//	@Tags		episodes
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		code	path		string			true	"client code of your sector"
//	@Param		body	body		episodeRequest	true	"TDI entry items; 99 is not known"
//	@Success	201		{object}	EpisodeView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/clients/{code}/episodes [post]
func StartEpisode(c *Call) error {
	in, err := bind[episodeRequest](&c.Exchange)
	if err != nil {
		return err
	}
	if in.Protocol == "" {
		in.Protocol = defaultProtocol
	}
	edition, ok := c.Protocols.Edition(in.Protocol)
	if !ok {
		return invalid("/protocol", "episode.protocol_unknown")
	}
	e, out, err := c.Store.StartEpisode(c.Context, c.Param("code"), models.NewEpisode{
		StartDate: in.StartDate, State: in.State, Structured: in.Structured, LegalBasis: in.LegalBasis, Protocol: in.Protocol,
		PreviousTreatment: in.PreviousTreatment, ReferralSource: in.ReferralSource, PrimaryDrug: in.PrimaryDrug,
		Route: in.Route, Injecting: in.Injecting,
	}, edition)
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/episodes/"+e.ID, e.Version, episodeView(*e))
}

type episodeClosureRequest struct {
	EndDate   models.Date `json:"endDate" validate:"required"`                                       // last day
	EndReason string      `json:"endReason" validate:"required" extensions:"x-code-list=end_reason"` // why it ended; 9 is not for people
}

// CloseEpisode ends an episode.
//
//	@Summary	Close an episode
//	@Tags		episodes
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		id		path		string					true	"episode id"
//	@Param		body	body		episodeClosureRequest	true	"date and reason"
//	@Success	200		{object}	EpisodeView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/episodes/{id}/closure [post]
func CloseEpisode(c *Call) error {
	in, err := bind[episodeClosureRequest](&c.Exchange)
	if err != nil {
		return err
	}
	e, err := c.Store.CloseEpisode(c.Context, c.Param("id"), models.EpisodeClosure{On: in.EndDate, Reason: in.EndReason})
	if err != nil {
		return err
	}
	return c.Versioned(e.Version, episodeView(*e))
}

type contactRequest struct {
	On models.Date `json:"on" validate:"required"` // the day the client was seen
}

// RecordContact notes that the client was seen face to face.
//
//	@Summary	Record a contact
//	@Tags		episodes
//	@Security	bearer
//	@Accept		json
//	@Produce	json
//	@Param		id		path		string			true	"episode id"
//	@Param		body	body		contactRequest	true	"civil date of the contact"
//	@Success	200		{object}	EpisodeView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/episodes/{id}/contacts [post]
func RecordContact(c *Call) error {
	in, err := bind[contactRequest](&c.Exchange)
	if err != nil {
		return err
	}
	e, err := c.Store.RecordContact(c.Context, c.Param("id"), in.On)
	if err != nil {
		return err
	}
	return c.Versioned(e.Version, episodeView(*e))
}
