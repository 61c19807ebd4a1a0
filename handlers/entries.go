package handlers

import (
	"errors"
	"slices"

	"jol/models"
	"jol/models/store"
)

// entryRequest is the body of an entry of one kind: exactly what the worker says, without
// what is computed.
type entryRequest interface{ content() models.EntryContent }

type (
	screeningRequest          struct{ models.Scale }
	assessmentRequest         struct{ models.AssessmentItems }
	diagnosisRequest          struct{ models.Diagnosis }
	socialPlanRequest         struct{ models.SocialPlan }
	clinicalPlanRequest       struct{ models.ClinicalPlan }
	infectionTestRequest      struct{ models.InfectionTest }
	drugTestRequest           struct{ models.DrugTest }
	observationRequest        struct{ models.Scale }
	mentalHealthCheckRequest  struct{ models.MentalHealthCheck }
	reproductiveStatusRequest struct{ models.ReproductiveStatus }
	counsellingNoteRequest    struct{ models.CounsellingNote }
	contactEntryRequest       struct{ models.Contact }
	naloxoneTrainingRequest   struct{ models.NaloxoneTraining }
)

func (in screeningRequest) content() models.EntryContent { return &models.Screening{Scale: in.Scale} }
func (in assessmentRequest) content() models.EntryContent {
	return &models.Assessment{AssessmentItems: in.AssessmentItems}
}
func (in diagnosisRequest) content() models.EntryContent     { return &in.Diagnosis }
func (in socialPlanRequest) content() models.EntryContent    { return &in.SocialPlan }
func (in clinicalPlanRequest) content() models.EntryContent  { return &in.ClinicalPlan }
func (in infectionTestRequest) content() models.EntryContent { return &in.InfectionTest }
func (in drugTestRequest) content() models.EntryContent      { return &in.DrugTest }
func (in observationRequest) content() models.EntryContent {
	return &models.Observation{Scale: in.Scale}
}
func (in mentalHealthCheckRequest) content() models.EntryContent  { return &in.MentalHealthCheck }
func (in reproductiveStatusRequest) content() models.EntryContent { return &in.ReproductiveStatus }
func (in counsellingNoteRequest) content() models.EntryContent    { return &in.CounsellingNote }
func (in contactEntryRequest) content() models.EntryContent       { return &in.Contact }
func (in naloxoneTrainingRequest) content() models.EntryContent   { return &in.NaloxoneTraining }

func recordEntry[R entryRequest](c *Call) error {
	in, err := bind[R](&c.Exchange)
	if err != nil {
		return err
	}
	e, out, err := c.Store.RecordEntry(c.Context, c.Param("code"), in.content())
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/entries/"+e.EntryID, e.Version, entryAnswer(*e))
}

func listEntries(c *Call, kind models.EntryKind) error {
	paging, err := c.paging()
	if err != nil {
		return err
	}
	page, err := c.Store.ListEntries(c.Context, c.Param("code"), kind, paging)
	if err != nil {
		return err
	}
	return list(&c.Exchange, page, entryAnswer)
}

// EntryHistoryView is every version of an entry, newest first.
type EntryHistoryView struct {
	Versions []EntryVersion `json:"versions"`
}

// EntryVersion is one version. Record has the shape of its kind, and its categories.
type EntryVersion struct {
	Kind   models.EntryKind `json:"kind"`
	Struck bool             `json:"struck"` // this version strikes the entry out
	Record any              `json:"record"`
}

func entryVersion(e store.SeenEntry) EntryVersion {
	return EntryVersion{Kind: e.Kind, Struck: e.Struck(), Record: entryAnswer(e)}
}

// GetEntry returns the versions of an entry. It looks for the entry in every category that
// the caller may read.
//
//	@Summary	An entry and its history
//	@Tags		record
//	@Security	bearer
//	@Produce	json
//	@Param		id	path		string	true	"entry id"
//	@Success	200	{object}	EntryHistoryView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/entries/{id} [get]
func GetEntry(c *Call) error {
	versions, err := c.Store.GetEntry(c.Context, c.Param("id"))
	if err != nil {
		return err
	}
	view := EntryHistoryView{}
	for _, e := range versions {
		view.Versions = append(view.Versions, entryVersion(e))
	}
	return c.Versioned(versions[0].Version, view)
}

// correctionRequest holds the new content under the member of its kind, or none of them
// when the entry is struck out.
type correctionRequest struct {
	Reason             string                     `json:"reason" validate:"required" extensions:"x-code-list=correction_reason"` // why; entered_in_error strikes the entry out and has no content
	Screening          *screeningRequest          `json:"screening"`                                                             // whole new content of an entry of that kind
	Assessment         *assessmentRequest         `json:"assessment"`                                                            // whole new content of an entry of that kind
	Diagnosis          *diagnosisRequest          `json:"diagnosis"`                                                             // whole new content of an entry of that kind
	SocialPlan         *socialPlanRequest         `json:"socialPlan"`                                                            // whole new content of an entry of that kind
	ClinicalPlan       *clinicalPlanRequest       `json:"clinicalPlan"`                                                          // whole new content of an entry of that kind
	InfectionTest      *infectionTestRequest      `json:"infectionTest"`                                                         // whole new content of an entry of that kind
	DrugTest           *drugTestRequest           `json:"drugTest"`                                                              // whole new content of an entry of that kind
	Observation        *observationRequest        `json:"observation"`                                                           // whole new content of an entry of that kind
	MentalHealthCheck  *mentalHealthCheckRequest  `json:"mentalHealthCheck"`                                                     // whole new content of an entry of that kind
	ReproductiveStatus *reproductiveStatusRequest `json:"reproductiveStatus"`                                                    // whole new content of an entry of that kind
	CounsellingNote    *counsellingNoteRequest    `json:"counsellingNote"`                                                       // whole new content of an entry of that kind
	Contact            *contactEntryRequest       `json:"contact"`                                                               // whole new content of an entry of that kind
	NaloxoneTraining   *naloxoneTrainingRequest   `json:"naloxoneTraining"`                                                      // whole new content of an entry of that kind
}

type correctionPart struct {
	pointer string
	content models.EntryContent
}

func addPart[R entryRequest](parts *[]correctionPart, pointer string, in *R) {
	if in != nil {
		*parts = append(*parts, correctionPart{pointer, (*in).content()})
	}
}

// part returns the one content that is there; nil content when there is none.
func (in *correctionRequest) part() (correctionPart, error) {
	var parts []correctionPart
	addPart(&parts, "/screening", in.Screening)
	addPart(&parts, "/assessment", in.Assessment)
	addPart(&parts, "/diagnosis", in.Diagnosis)
	addPart(&parts, "/socialPlan", in.SocialPlan)
	addPart(&parts, "/clinicalPlan", in.ClinicalPlan)
	addPart(&parts, "/infectionTest", in.InfectionTest)
	addPart(&parts, "/drugTest", in.DrugTest)
	addPart(&parts, "/observation", in.Observation)
	addPart(&parts, "/mentalHealthCheck", in.MentalHealthCheck)
	addPart(&parts, "/reproductiveStatus", in.ReproductiveStatus)
	addPart(&parts, "/counsellingNote", in.CounsellingNote)
	addPart(&parts, "/contact", in.Contact)
	addPart(&parts, "/naloxoneTraining", in.NaloxoneTraining)
	switch len(parts) {
	case 0:
		return correctionPart{}, nil
	case 1:
		return parts[0], nil
	}
	return correctionPart{}, invalid(parts[1].pointer, "entry.one_content")
}

// CorrectEntry writes the next version of an entry, or strikes it out.
//
//	@Summary		Correct an entry
//	@Description	The whole content anew, under the member of its kind, with a reason. Reason entered_in_error has no content and strikes the entry out; reason review is for plans. The versions before stay as they are.
//	@Tags			record
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			id		path		string				true	"entry id"
//	@Param			body	body		correctionRequest	true	"reason and new content"
//	@Success		200		{object}	EntryVersion
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/entries/{id}/corrections [post]
func CorrectEntry(c *Call) error {
	in, err := bind[correctionRequest](&c.Exchange)
	if err != nil {
		return err
	}
	part, err := in.part()
	if err != nil {
		return err
	}
	e, err := c.Store.CorrectEntry(c.Context, c.Param("id"), in.Reason, part.content)
	if err != nil {
		return under(part.pointer, err)
	}
	return c.Versioned(e.Version, entryVersion(*e))
}

// under adds the member that holds the content to the pointers of refused fields.
func under(pointer string, err error) error {
	var e *models.Error
	if !errors.As(err, &e) || pointer == "" {
		return err
	}
	out := *e
	out.Fields = slices.Clone(e.Fields)
	for i := range out.Fields {
		if out.Fields[i].Pointer != "/reason" {
			out.Fields[i].Pointer = pointer + out.Fields[i].Pointer
		}
	}
	return &out
}
