package handlers

import (
	"net/http"
	"time"

	"jol/models"
	"jol/models/store"
)

// EditionView is an edition as everybody sees it. The people who answer for it are for
// editors only: see EditorialView.
type EditionView struct {
	Protocol     string     `json:"protocol" cat:"protocol"`
	Edition      string     `json:"edition" cat:"protocol"`
	Jurisdiction string     `json:"jurisdiction" cat:"protocol"`
	Base         *string    `json:"base" cat:"protocol"` // of an overlay
	State        string     `json:"state" cat:"protocol"`
	BuiltIn      bool       `json:"builtIn" cat:"protocol"` // came with the program, reviewed by nobody here
	Checksum     *string    `json:"checksum" cat:"protocol"`
	ChangeNote   string     `json:"changeNote" cat:"protocol"`
	PublishedAt  *time.Time `json:"publishedAt" cat:"protocol"`
	WithdrawnAt  *time.Time `json:"withdrawnAt" cat:"protocol"`
	Version      int64      `json:"version" cat:"protocol"`
}

// EditorialView is an edition as editors see it, with who answers for it.
type EditorialView struct {
	Protocol         string         `json:"protocol" cat:"protocol"`
	Edition          string         `json:"edition" cat:"protocol"`
	Jurisdiction     string         `json:"jurisdiction" cat:"protocol"`
	Base             *string        `json:"base" cat:"protocol"`
	State            string         `json:"state" cat:"protocol"`
	BuiltIn          bool           `json:"builtIn" cat:"protocol"`
	Checksum         *string        `json:"checksum" cat:"protocol"`
	ChangeNote       string         `json:"changeNote" cat:"protocol"`
	SubmittedBy      models.UserID  `json:"submittedBy" cat:"protocol"`
	SubmittedAt      time.Time      `json:"submittedAt" cat:"protocol"`
	ClinicalReviewer *models.UserID `json:"clinicalReviewer" cat:"protocol"`
	LanguageReviewer *models.UserID `json:"languageReviewer" cat:"protocol"`
	ApprovedBy       *models.UserID `json:"approvedBy" cat:"protocol"`
	PublishedAt      *time.Time     `json:"publishedAt" cat:"protocol"`
	WithdrawnAt      *time.Time     `json:"withdrawnAt" cat:"protocol"`
	Allowed          []string       `json:"allowed" cat:"protocol"` // actions possible from this state
	Version          int64          `json:"version" cat:"protocol"`
}

func editionView(e models.Edition) EditionView {
	return EditionView{
		Protocol: e.Protocol, Edition: e.Edition, Jurisdiction: e.Jurisdiction, Base: optional(e.Base), State: e.State, BuiltIn: e.BuiltIn,
		Checksum: optional(e.Checksum), ChangeNote: e.ChangeNote, PublishedAt: e.PublishedAt, WithdrawnAt: e.WithdrawnAt, Version: e.Version,
	}
}

func editorialView(e models.Edition) EditorialView {
	return EditorialView{
		Protocol: e.Protocol, Edition: e.Edition, Jurisdiction: e.Jurisdiction, Base: optional(e.Base), State: e.State, BuiltIn: e.BuiltIn,
		Checksum: optional(e.Checksum), ChangeNote: e.ChangeNote, SubmittedBy: e.SubmittedBy, SubmittedAt: e.CreatedAt,
		ClinicalReviewer: optional(e.ClinicalReviewer), LanguageReviewer: optional(e.LanguageReviewer), ApprovedBy: optional(e.ApprovedBy),
		PublishedAt: e.PublishedAt, WithdrawnAt: e.WithdrawnAt, Allowed: e.Allowed(), Version: e.Version,
	}
}

// editionAnswer picks the response type for who asks.
func (c *PublicCall) editionAnswer(e models.Edition) any {
	if c.Drafts == nil {
		return editionView(e)
	}
	return editorialView(e)
}

// findEdition returns a public edition or, for an editor, any.
func (c *PublicCall) findEdition(slug, name string) (models.Edition, error) {
	e, err := c.Editions.Find(slug, name)
	if err != nil && c.Drafts != nil {
		return c.Drafts.Get(c.Context, slug, name)
	}
	return e, err
}

// ListEditions lists the editions of a protocol.
//
//	@Summary		Editions of a protocol
//	@Description	Newest first, on one page. Everybody sees what is or was in force; a protocol editor who sends a token also sees drafts, and who signed what.
//	@Tags			editions
//	@Produce		json
//	@Param			slug	path		string	true	"protocol"
//	@Success		200		{object}	Page[EditionView]
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/protocols/{slug}/editions [get]
func ListEditions(c *PublicCall) error {
	slug := c.Param("slug")
	editions := c.Editions.Editions(slug)
	if c.Drafts != nil {
		all, err := c.Drafts.List(c.Context, slug)
		if err != nil {
			return err
		}
		editions = withDrafts(all, editions)
	}
	if len(editions) == 0 {
		return models.NotFound("protocol")
	}
	return list(&c.Exchange, store.Page[models.Edition]{Items: editions}, c.editionAnswer)
}

// withDrafts takes what is stored and, of a built-in edition, the state it has now.
func withDrafts(all, public []models.Edition) []models.Edition {
	stored := map[string]bool{}
	for i, e := range all {
		stored[e.Edition] = true
		for _, p := range public {
			if p.Edition == e.Edition && p.BuiltIn {
				all[i] = p
			}
		}
	}
	for _, p := range public {
		if !stored[p.Edition] {
			all = append(all, p)
		}
	}
	return all
}

// GetEdition returns one edition, without its files.
//
//	@Summary	One edition
//	@Tags		editions
//	@Produce	json
//	@Param		slug	path		string	true	"protocol"
//	@Param		edition	path		string	true	"edition"
//	@Success	200		{object}	EditionView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/protocols/{slug}/editions/{edition} [get]
func GetEdition(c *PublicCall) error {
	e, err := c.findEdition(c.Param("slug"), c.Param("edition"))
	if err != nil {
		return err
	}
	if c.Drafts != nil && !e.BuiltIn { // an editor acts on what is stored, not on what was loaded
		if e, err = c.Drafts.Get(c.Context, e.Protocol, e.Edition); err != nil {
			return err
		}
	}
	return c.Versioned(e.Version, c.editionAnswer(e))
}

// bundleRequest is an edition as it is handed in.
type bundleRequest struct {
	Edition    string            `json:"edition" validate:"required" maxLength:"64"`     // its name
	Base       string            `json:"base" maxLength:"64"`                            // of an overlay: the edition it lies on
	ChangeNote string            `json:"changeNote" validate:"required" maxLength:"500"` // what changes and why
	Files      map[string]string `json:"files" validate:"required"`                      // texts of the files by path
}

// BundleView is an edition's own files, as they were handed in.
type BundleView struct {
	Edition    string            `json:"edition" cat:"protocol"`
	Base       string            `json:"base" cat:"protocol"`
	ChangeNote string            `json:"changeNote" cat:"protocol"`
	Files      map[string]string `json:"files" cat:"protocol"`
}

// GetBundle returns the files of an edition, in the shape in which they are imported.
//
//	@Summary	Files of an edition
//	@Tags		editions
//	@Produce	json
//	@Param		slug	path		string	true	"protocol"
//	@Param		edition	path		string	true	"edition"
//	@Success	200		{object}	BundleView
//	@Failure	default	{object}	ProblemView
//	@Router		/api/v1/protocols/{slug}/editions/{edition}/bundle [get]
func GetBundle(c *PublicCall) error {
	e, err := c.findEdition(c.Param("slug"), c.Param("edition"))
	if err != nil {
		return err
	}
	b, err := c.Editions.Bundle(c.Context, e)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, BundleView{Edition: b.Edition, Base: b.Base, ChangeNote: b.ChangeNote, Files: b.Files})
}

// ImportEdition takes an edition as a draft, whole or not at all.
//
//	@Summary		Import an edition
//	@Description	files maps paths to YAML: protocol.yaml, steps/<phase>.yaml, text/<language>/*.yaml, shared/*.yaml. With base the bundle is an overlay: overlay.yaml and only what changes. Every problem is reported at once, each with pointer, line and detail.
//	@Tags			editions
//	@Security		bearer
//	@Accept			json
//	@Produce		json
//	@Param			slug	path		string			true	"protocol"
//	@Param			body	body		bundleRequest	true	"the bundle, at most 4 MiB"
//	@Success		201		{object}	EditorialView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/protocols/{slug}/editions [post]
func ImportEdition(c *Call) error {
	in, err := bind[bundleRequest](&c.Exchange)
	if err != nil {
		return err
	}
	e, out, err := c.Store.ImportEdition(c.Context, models.Bundle{
		Protocol: c.Param("slug"), Edition: in.Edition, Base: in.Base, ChangeNote: in.ChangeNote, Files: in.Files,
	})
	if err != nil {
		return err
	}
	return c.Created(out, "/api/v1/protocols/"+e.Protocol+"/editions/"+e.Edition, e.Version, editorialView(*e))
}

// ReviewClinically signs a draft as a clinician.
//
//	@Summary		Sign the clinical review
//	@Description	By somebody who did not submit the edition.
//	@Tags			editions
//	@Security		bearer
//	@Produce		json
//	@Param			slug	path		string	true	"protocol"
//	@Param			edition	path		string	true	"edition"
//	@Success		200		{object}	EditorialView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/protocols/{slug}/editions/{edition}/clinical-review [post]
func ReviewClinically(c *Call) error { return c.moveEdition("clinical-review") }

// ReviewLanguage signs the texts of an edition.
//
//	@Summary		Sign the language review
//	@Description	By somebody who did not submit the edition.
//	@Tags			editions
//	@Security		bearer
//	@Produce		json
//	@Param			slug	path		string	true	"protocol"
//	@Param			edition	path		string	true	"edition"
//	@Success		200		{object}	EditorialView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/protocols/{slug}/editions/{edition}/language-review [post]
func ReviewLanguage(c *Call) error { return c.moveEdition("language-review") }

// ApproveEdition approves a reviewed edition.
//
//	@Summary		Approve an edition
//	@Description	By somebody who neither submitted it nor signed its clinical review.
//	@Tags			editions
//	@Security		bearer
//	@Produce		json
//	@Param			slug	path		string	true	"protocol"
//	@Param			edition	path		string	true	"edition"
//	@Success		200		{object}	EditorialView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/protocols/{slug}/editions/{edition}/approval [post]
func ApproveEdition(c *Call) error { return c.moveEdition("approval") }

// PublishEdition puts an approved edition in service.
//
//	@Summary		Publish an edition
//	@Description	It is served by this process at once and by every other within a second; the edition served before is superseded. Open episodes stay on the edition they follow.
//	@Tags			editions
//	@Security		bearer
//	@Produce		json
//	@Param			slug	path		string	true	"protocol"
//	@Param			edition	path		string	true	"edition"
//	@Success		200		{object}	EditorialView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/protocols/{slug}/editions/{edition}/publication [post]
func PublishEdition(c *Call) error { return c.moveEdition("publication") }

// WithdrawEdition takes an edition out of service, or ends a draft.
//
//	@Summary		Withdraw an edition
//	@Description	The edition it had superseded is served again; where there is none, the built-in one. What was in force once stays readable by name and says that it is withdrawn.
//	@Tags			editions
//	@Security		bearer
//	@Produce		json
//	@Param			slug	path		string	true	"protocol"
//	@Param			edition	path		string	true	"edition"
//	@Success		200		{object}	EditorialView
//	@Failure		default	{object}	ProblemView
//	@Router			/api/v1/protocols/{slug}/editions/{edition}/withdrawal [post]
func WithdrawEdition(c *Call) error { return c.moveEdition("withdrawal") }

func (c *Call) moveEdition(action string) error {
	if _, err := bind[struct{}](&c.Exchange); err != nil { // it says nothing beyond its name
		return err
	}
	e, err := c.Store.MoveEdition(c.Context, c.Param("slug"), c.Param("edition"), action)
	if err != nil {
		return err
	}
	// The move is committed: should loading fail here, the follower says so and tries again.
	_ = c.Editions.Refresh(c.Context)
	return c.Versioned(e.Version, editorialView(*e))
}
