package store

import (
	"context"

	"gorm.io/gorm"

	"jol/models"
)

// publicationRow is the one row that every process watches.
type publicationRow struct {
	ID  int `gorm:"primaryKey"`
	Seq int64
}

func (publicationRow) TableName() string { return "publications" }

// PublicationSeq grows with every change of what is served. It is the cheapest question
// there is, because every process asks it several times a second.
func (s *Store) PublicationSeq(ctx context.Context) (int64, error) {
	var row publicationRow
	err := s.read.WithContext(ctx).Where("id = 1").Take(&row).Error
	return row.Seq, err
}

// Publications returns the public editions and the bundles of those that are served. The
// sequence is read first: what is committed in between is seen again at the next look.
func (s *Store) Publications(ctx context.Context) (p models.Publications, err error) {
	if p.Seq, err = s.PublicationSeq(ctx); err != nil {
		return p, err
	}
	q := s.read.WithContext(ctx)
	err = q.Where("published_at IS NOT NULL OR state = ?", models.EditionReference).Order("id DESC").Find(&p.Editions).Error
	if err != nil {
		return p, err
	}
	p.Served, err = servedSet(q)
	return p, err
}

// EditionSet returns an edition of any state with what it is read together with: its
// bases, and the other protocols as they were when it was published, or as they are
// served now when it was not.
func (s *Store) EditionSet(ctx context.Context, slug, name string) (models.EditionSet, error) {
	q := s.read.WithContext(ctx)
	e, err := editionWhere(q, "protocol = ? AND edition = ?", slug, name)
	if err != nil {
		return nil, err
	}
	set := models.EditionSet{}
	if e.Public() {
		err = addBeside(q, set, e.Beside)
	} else {
		set, err = servedSet(q)
	}
	if err != nil {
		return nil, err
	}
	set[slug], err = layersOf(q, e)
	return set, err
}

func addBeside(q *gorm.DB, set models.EditionSet, beside map[string]string) error {
	for slug, name := range beside {
		other, err := editionWhere(q, "protocol = ? AND edition = ?", slug, name)
		if err != nil {
			return err
		}
		if set[slug], err = layersOf(q, other); err != nil {
			return err
		}
	}
	return nil
}

// beside names the editions of the other protocols that are served together with one of
// slug; the built-in ones are named too, because a newer program may bring others.
func beside(q *gorm.DB, served []models.Edition, slug string) (map[string]string, error) {
	out := map[string]string{}
	var references []models.Edition
	if err := q.Where("state = ?", models.EditionReference).Order("id").Find(&references).Error; err != nil {
		return nil, err
	}
	for _, e := range append(references, served...) { // a published edition goes before the built-in one
		if e.Protocol != slug {
			out[e.Protocol] = e.Edition
		}
	}
	return out, nil
}

func publishedEditions(q *gorm.DB) (served []models.Edition, err error) {
	err = q.Where("state = ?", models.EditionPublished).Order("protocol").Find(&served).Error
	return served, err
}

// servedSet returns the bundles of every published edition.
func servedSet(q *gorm.DB) (models.EditionSet, error) {
	served, err := publishedEditions(q)
	if err != nil {
		return nil, err
	}
	set := models.EditionSet{}
	for i := range served {
		if set[served[i].Protocol], err = layersOf(q, &served[i]); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// layersOf returns an edition's bundle above those it is laid over.
func layersOf(q *gorm.DB, e *models.Edition) ([]models.Bundle, error) {
	var layers []models.Bundle
	for {
		b, err := bundleOf(q, e)
		if err != nil {
			return nil, err
		}
		layers = append([]models.Bundle{b}, layers...)
		if e.Base == "" || len(layers) >= maxLayers {
			return layers, nil
		}
		if e, err = editionWhere(q, "protocol = ? AND edition = ?", e.Protocol, e.Base); err != nil {
			return nil, err
		}
	}
}

// bundleOf loads an edition's files and refuses them unless they are, byte for byte, what
// was imported, reviewed and approved.
func bundleOf(q *gorm.DB, e *models.Edition) (models.Bundle, error) {
	b := models.Bundle{Protocol: e.Protocol, Edition: e.Edition, Base: e.Base, ChangeNote: e.ChangeNote, State: e.State, Files: map[string]string{}}
	var files []editionFile
	if err := q.Where("edition_id = ?", e.ID).Find(&files).Error; err != nil {
		return b, err
	}
	for _, f := range files {
		b.Files[f.Path] = f.Content
	}
	if b.Checksum() != e.Checksum {
		return b, models.Fail(models.KindUnavailable, "edition.checksum", "The stored files of edition %s of %s are not those that were imported; it is not served.", e.Edition, e.Protocol)
	}
	return b, nil
}

// editionWhere loads one edition; a place for the condition, so that absent always looks
// the same.
func editionWhere(q *gorm.DB, condition string, args ...any) (*models.Edition, error) {
	var e models.Edition
	err := q.Session(&gorm.Session{}).Where(condition, args...).Take(&e).Error
	return &e, found(err, "edition")
}

// Drafts reads editions that are not public yet. It reaches nothing else, so that a
// public call of an editor can carry it.
type Drafts struct{ store *Store }

// NewDrafts binds to a store.
func NewDrafts(s *Store) *Drafts { return &Drafts{s} }

// List returns all editions of a protocol, newest first.
func (d *Drafts) List(ctx context.Context, slug string) (all []models.Edition, err error) {
	err = d.store.read.WithContext(ctx).Where("protocol = ?", slug).Order("id DESC").Find(&all).Error
	return all, found(err, "protocol") // a slug that is no text is found nowhere
}

// Get returns one edition in any state.
func (d *Drafts) Get(ctx context.Context, slug, name string) (models.Edition, error) {
	e, err := editionWhere(d.store.read.WithContext(ctx), "protocol = ? AND edition = ?", slug, name)
	return *e, err
}

// EditorNamed returns an active protocol editor by username, for the command line: an
// edition is handed in by a person, who then cannot approve it.
func (s *Store) EditorNamed(ctx context.Context, username string) (models.Actor, error) {
	var u models.User
	err := s.read.WithContext(ctx).Where("username = ? AND role = ? AND active = ?", username, models.RoleProtocolEditor, true).Take(&u).Error
	if err = found(err, "user"); err != nil {
		return models.Actor{}, err
	}
	actor := models.System(s.opt.Country)
	actor.UserID, actor.Username, actor.Role, actor.OrganisationID = u.ID, u.Username, u.Role, u.OrganisationID
	return actor, nil
}
