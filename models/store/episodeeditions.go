package store

import (
	"context"

	"gorm.io/gorm"

	"jol/models"
)

// MoveEpisode lets an open episode follow another edition of its protocol: one that is or
// was in force and was not withdrawn. Nothing else ever moves an episode.
func (s *Session) MoveEpisode(ctx context.Context, id, edition string) (seen *SeenEpisode, err error) {
	err = s.write(ctx, "episode.edition", func(tx *tx) error {
		e, c, err := s.ownEpisode(tx.DB, id, models.Change)
		if err != nil {
			return err
		}
		if err := tx.base(e.Version); err != nil {
			return err
		}
		to, err := editionWhere(tx.DB, "protocol = ? AND edition = ?", e.Protocol, edition)
		if models.IsKind(err, models.KindNotFound) || err == nil && !to.Pinnable() {
			var checks models.Checks
			checks.Add("/edition", "episode.edition_unknown")
			return checks.Err()
		}
		if err != nil {
			return err
		}
		if err := e.Follow(edition); err != nil {
			return err
		}
		tx.audit(id, to.ID)
		seen = &SeenEpisode{Episode: *e, Whole: true, ClientCode: c.Handle()}
		if err := tx.saveEpisode(e, "edition"); err != nil {
			return err
		}
		return tx.replan(e)
	})
	return seen, err
}

// EpisodesOn returns one page of the open episodes of the caller's own organisation that
// follow an edition, and how many there are; ok is false for a role that reads no
// episodes. Another organisation's are never counted: docs/adr/0012-impact.md.
func (s *Session) EpisodesOn(ctx context.Context, protocol, edition string, p Paging) (page Page[SeenEpisode], total int64, ok bool, err error) {
	if !s.grants.Through(models.CatEpisode, models.Read, models.Own) {
		return page, 0, false, nil
	}
	err = s.readRecords(ctx, "episode.read", func(r *reading) error {
		on := func() *gorm.DB {
			return s.scoped(r.Model(&models.Episode{}), episodeTable, models.CatEpisode, models.Read).
				Where("episodes.organisation_id = ? AND protocol = ? AND edition = ? AND end_date = ''", s.actor.OrganisationID, protocol, edition)
		}
		if err := on().Count(&total).Error; err != nil {
			return err
		}
		rows, err := loadPage(s, on(), "impact", "id", p, func(e models.Episode) string { return e.ID })
		if err != nil {
			return err
		}
		page.Next = rows.Next
		codes, err := s.codesOf(r, rows.Items)
		for _, e := range rows.Items {
			r.touched(e.ID)
			page.Items = append(page.Items, SeenEpisode{Episode: e, Whole: true, ClientCode: codes[e.ClientID]})
		}
		return err
	})
	return page, total, true, err
}

// codesOf returns the handles of the clients of own episodes.
func (s *Session) codesOf(r *reading, episodes []models.Episode) (map[models.ClientID]string, error) {
	ids := []models.ClientID{}
	for _, e := range episodes {
		ids = append(ids, e.ClientID)
	}
	var clients []models.Client
	err := r.Where("id IN ? AND organisation_id = ?", ids, s.actor.OrganisationID).Find(&clients).Error
	codes := map[models.ClientID]string{}
	for i := range clients {
		codes[clients[i].ID] = clients[i].Handle()
	}
	return codes, err
}
