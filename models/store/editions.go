package store

import (
	"context"
	"errors"
	"slices"
	"strings"

	"gorm.io/gorm"

	"jol/models"
)

// editionFile is one file of an edition.
type editionFile struct {
	EditionID string `gorm:"primaryKey"`
	Path      string `gorm:"primaryKey"`
	Content   string
}

func (editionFile) TableName() string { return "edition_files" }

// maxLayers is how many editions may be laid over one another.
const maxLayers = 4

var (
	errEditionExists = models.Fail(models.KindConflict, "edition.exists", "There is an edition of this name; an edition is never changed, so give the new one another name.")
	errNoCheck       = errors.New("store: no check of editions is configured")
)

// ImportEdition keeps an edition as a draft, or refuses it with every problem and keeps
// nothing. The check is done before the transaction: it takes long, and what it reads
// besides the bundle never changes once it was published.
func (s *Session) ImportEdition(ctx context.Context, b models.Bundle) (e *models.Edition, out Outcome, err error) {
	if err := b.Check(); err != nil {
		return nil, out, err
	}
	b.State = models.EditionDraft
	facts, err := s.store.checkBundle(s.store.read.WithContext(ctx), b)
	if err != nil {
		return nil, out, err
	}
	out, err = s.create(ctx, "edition.create", func(tx *tx, id string, replayed bool) error {
		if replayed {
			e, err = editionWhere(tx.DB, "id = ?", id)
			return err
		}
		e = &models.Edition{
			ID: id, Protocol: b.Protocol, Edition: b.Edition, Base: b.Base, Jurisdiction: facts.Jurisdiction, State: models.EditionDraft,
			Checksum: b.Checksum(), ChangeNote: b.ChangeNote, Beside: map[string]string{}, SubmittedBy: s.actor.UserID, Version: 1, CreatedAt: tx.now,
		}
		return tx.keepEdition(e, b)
	})
	return e, out, err
}

// keepEdition stores an edition and its files.
func (t *tx) keepEdition(e *models.Edition, b models.Bundle) error {
	taken := t.Model(&models.Edition{}).Select("id").Where("protocol = ? AND edition = ?", e.Protocol, e.Edition).Take(&models.Edition{}).Error
	if !errors.Is(taken, gorm.ErrRecordNotFound) {
		if taken == nil {
			return errEditionExists
		}
		return taken
	}
	if err := t.Create(e).Error; err != nil {
		if errors.Is(err, gorm.ErrDuplicatedKey) {
			return errEditionExists
		}
		return err
	}
	files := make([]editionFile, 0, len(b.Files))
	for _, path := range b.Paths() {
		files = append(files, editionFile{EditionID: e.ID, Path: path, Content: b.Files[path]})
	}
	return t.CreateInBatches(files, 100).Error
}

// MoveEdition makes one move of the state machine. Publication and withdrawal change what
// is served: what will be served then is checked as a whole, and the sequence that every
// process watches grows with the transaction.
func (s *Session) MoveEdition(ctx context.Context, slug, name, action string) (e *models.Edition, err error) {
	verb := models.Approve
	if action == "clinical-review" || action == "language-review" {
		verb = models.Change
	}
	err = s.write(ctx, "edition."+strings.ReplaceAll(action, "-", "_"), func(tx *tx) error {
		q := s.scoped(tx.DB, editionTable, models.CatProtocol, verb)
		if e, err = editionWhere(q, "protocol = ? AND edition = ?", slug, name); err != nil {
			return err
		}
		if err := tx.base(e.Version); err != nil {
			return err
		}
		was := e.State
		if err := e.Do(action, s.actor.UserID, tx.now); err != nil {
			return err
		}
		objects := []string{e.ID}
		switch {
		case action == "publication":
			objects, err = tx.publish(e)
		case action == "withdrawal" && was == models.EditionPublished:
			objects, err = tx.fallBack(e)
		default:
			err = tx.saveEdition(e)
		}
		tx.audit(objects...)
		return err
	})
	return e, err
}

// GetEdition returns an edition in any state to those who may change one; for others what
// is not public does not exist.
func (s *Session) GetEdition(ctx context.Context, slug, name string) (models.Edition, error) {
	q := s.scoped(s.store.read.WithContext(ctx), editionTable, models.CatProtocol, models.Change)
	e, err := editionWhere(q, "protocol = ? AND edition = ?", slug, name)
	return *e, err
}

// saveEdition stores a move made on the version before.
func (t *tx) saveEdition(e *models.Edition) error {
	return changed(t.Model(e).Where("version = ?", e.Version-1).
		Select("state", "beside", "clinical_reviewer", "language_reviewer", "approved_by", "published_at", "withdrawn_at", "version").Updates(e))
}

// publish supersedes what is served and puts the edition in its place.
func (t *tx) publish(e *models.Edition) ([]string, error) {
	objects := []string{e.ID}
	served, err := publishedEditions(t.DB)
	if err != nil {
		return nil, err
	}
	for i := range served {
		old := &served[i]
		if old.Protocol != e.Protocol {
			continue
		}
		if err := old.Supersede(); err != nil {
			return nil, err
		}
		if err := t.saveEdition(old); err != nil {
			return nil, err
		}
		objects = append(objects, old.ID)
	}
	if e.Beside, err = beside(t.DB, served, e.Protocol); err != nil {
		return nil, err
	}
	if err := t.saveEdition(e); err != nil {
		return nil, err
	}
	return objects, t.shelfChanged(e.Protocol)
}

// fallBack takes an edition out of service. The edition it had superseded comes back, if
// it was not withdrawn itself; otherwise the built-in one does.
func (t *tx) fallBack(e *models.Edition) ([]string, error) {
	objects := []string{e.ID}
	if err := t.saveEdition(e); err != nil {
		return nil, err
	}
	var last models.Edition
	err := t.Where("protocol = ? AND state = ?", e.Protocol, models.EditionSuperseded).Order("published_at DESC, id DESC").Take(&last).Error
	switch {
	case errors.Is(err, gorm.ErrRecordNotFound):
		return objects, t.shelfChanged(e.Protocol)
	case err != nil:
		return nil, err
	}
	if err := last.Restore(); err != nil {
		return nil, err
	}
	if err := t.saveEdition(&last); err != nil {
		return nil, err
	}
	return append(objects, last.ID), t.shelfChanged(e.Protocol)
}

// shelfChanged checks that what is served from now on fits together and tells every
// process that it changed.
func (t *tx) shelfChanged(slug string) error {
	set, err := servedSet(t.DB)
	if err != nil {
		return err
	}
	check := t.session.store.opt.Editions
	if check == nil {
		return errNoCheck
	}
	if _, err := check(set, slug); err != nil {
		var refused *models.Error
		if errors.As(err, &refused) {
			misfit := models.Fail(models.KindConflict, "edition.does_not_fit", "What would then be served does not fit together; errors lists why.")
			misfit.Fields = refused.Fields
			return misfit
		}
		return err
	}
	return t.Model(&publicationRow{}).Where("id = 1").Update("seq", gorm.Expr("seq + 1")).Error
}

// checkBundle loads a bundle over its bases, beside the other protocols as they are
// served now.
func (s *Store) checkBundle(q *gorm.DB, b models.Bundle) (models.EditionFacts, error) {
	if s.opt.Editions == nil {
		return models.EditionFacts{}, errNoCheck
	}
	// Every protocol has a built-in edition on record: a mistyped slug starts no new one.
	if _, err := editionWhere(q, "protocol = ? AND state = ?", b.Protocol, models.EditionReference); err != nil {
		if models.IsKind(err, models.KindNotFound) {
			err = models.NotFound("protocol")
		}
		return models.EditionFacts{}, err
	}
	set, err := servedSet(q)
	if err != nil {
		return models.EditionFacts{}, err
	}
	delete(set, b.Protocol)
	layers := []models.Bundle{b}
	if b.Base != "" {
		base, err := editionWhere(q, "protocol = ? AND edition = ?", b.Protocol, b.Base)
		if models.IsKind(err, models.KindNotFound) || err == nil && !base.Pinnable() {
			return models.EditionFacts{}, invalidBase("edition.base_unknown")
		}
		if err != nil {
			return models.EditionFacts{}, err
		}
		below, err := layersOf(q, base)
		if err != nil {
			return models.EditionFacts{}, err
		}
		if layers = append(below, b); len(layers) > maxLayers {
			return models.EditionFacts{}, invalidBase("edition.base_too_deep")
		}
	}
	set[b.Protocol] = layers
	return s.opt.Editions(set, b.Protocol)
}

func invalidBase(code string) error {
	var c models.Checks
	c.Add("/base", code)
	return c.Err()
}

// RecordReferences remembers the built-in editions of this program, so that overlays and
// episodes that rest on one can read it after a newer program came. One that is recorded
// already stays as it is; differs names those of which the program now says something
// else under the same name.
func (s *Store) RecordReferences(ctx context.Context, bundles []models.Bundle) (differs []string, err error) {
	var known []models.Edition
	if err := s.read.WithContext(ctx).Where("state = ?", models.EditionReference).Find(&known).Error; err != nil {
		return nil, err
	}
	beside := map[string]string{}
	for _, b := range bundles {
		beside[b.Protocol] = b.Edition
	}
	for _, b := range bundles {
		i := slices.IndexFunc(known, func(e models.Edition) bool { return e.Protocol == b.Protocol && e.Edition == b.Edition })
		if i >= 0 {
			if known[i].Checksum != b.Checksum() {
				differs = append(differs, b.Protocol+" "+b.Edition)
			}
			continue
		}
		if err := s.record(ctx, b, beside); err != nil {
			return nil, err
		}
	}
	return differs, nil
}

// record stores one built-in edition; another process may have been faster.
func (s *Store) record(ctx context.Context, b models.Bundle, beside map[string]string) error {
	session := s.For(models.System(s.opt.Country), nil, Request{ID: "start"})
	others := map[string]string{}
	for slug, name := range beside {
		if slug != b.Protocol {
			others[slug] = name
		}
	}
	err := session.write(ctx, "edition.record", func(tx *tx) error {
		e := &models.Edition{
			ID: newID(), Protocol: b.Protocol, Edition: b.Edition, Jurisdiction: b.Jurisdiction, State: models.EditionReference, Checksum: b.Checksum(),
			ChangeNote: b.ChangeNote, Beside: others, SubmittedBy: session.actor.UserID, Version: 1, CreatedAt: tx.now,
		}
		tx.audit(e.ID)
		return tx.keepEdition(e, b)
	})
	if errors.Is(err, errEditionExists) {
		return nil
	}
	return err
}
