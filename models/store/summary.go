package store

import (
	"context"

	"jol/models"
)

// Summary is what an organisation can print for its client: what it has recorded, who
// looked at it, what went to others, and what the client has allowed. It holds dates and
// codes only; the words are chosen where it is printed.
type Summary struct {
	Client      models.Client
	Today       models.Date
	Recorded    []Recorded
	Looked      []Look
	Disclosures []SeenDisclosure
	Consents    []SeenConsent
	Recipients  map[models.OrganisationID]models.OrganisationKind
}

// Recorded counts the organisation's own records of one category.
type Recorded struct {
	Category    models.Category
	Count       int
	First, Last models.Date
}

// Look is a role of the organisation that opened the record, on a civil day.
type Look struct {
	Role models.Role
	On   models.Date
}

// maxLooks bounds how far back a summary goes.
const maxLooks = 200

// GetSummary collects the client's own view of the caller's organisation's record.
func (s *Session) GetSummary(ctx context.Context, handle string) (v *Summary, err error) {
	err = s.readRecords(ctx, "summary.read", func(r *reading) error {
		r.noun = "client"
		c, err := s.clientByHandle(r.DB, handle, models.CatIdentity, models.Read)
		if err != nil {
			return err
		}
		r.touched(string(c.ID))
		v = &Summary{Client: *c, Today: r.today}
		ids, err := s.recorded(r, v)
		if err != nil {
			return err
		}
		if err := s.looked(r, v, ids); err != nil {
			return err
		}
		page, err := s.loadDisclosures(r, c, Paging{Limit: maxLooks})
		if err != nil {
			return err
		}
		v.Disclosures = page.Items
		return s.summaryConsents(r, v)
	})
	return v, err
}

// recorded counts the organisation's own records, and returns the ids under which the
// trail may name them.
func (s *Session) recorded(r *reading, v *Summary) (ids []string, err error) {
	ids = []string{string(v.Client.ID)}
	v.Recorded = []Recorded{{models.CatIdentity, 1, s.civil(v.Client), s.civil(v.Client)}}
	var episodes []models.Episode
	if err := r.Where("client_id = ?", v.Client.ID).Order("start_date").Find(&episodes).Error; err != nil {
		return nil, err
	}
	for _, e := range episodes {
		ids = append(ids, e.ID)
	}
	if n := len(episodes); n > 0 {
		v.Recorded = append(v.Recorded, Recorded{models.CatEpisode, n, episodes[0].StartDate, episodes[n-1].LastContact})
	}
	var referrals []models.Referral
	if err := r.Where("from_client_id = ?", v.Client.ID).Order("sent_at").Find(&referrals).Error; err != nil {
		return nil, err
	}
	for _, x := range referrals {
		ids = append(ids, x.ID)
	}
	if n := len(referrals); n > 0 {
		v.Recorded = append(v.Recorded, Recorded{models.CatReferral, n, models.DateOf(referrals[0].SentAt, s.actor.Zone), models.DateOf(referrals[n-1].SentAt, s.actor.Zone)})
	}
	var entries []Recorded
	err = standing(r.Model(&SupervisedEntry{})).Select("category, count(*) AS count, min(on_date) AS first, max(on_date) AS last").
		Where("client_id = ?", v.Client.ID).Group("category").Order("category").Find(&entries).Error
	v.Recorded = append(v.Recorded, entries...)
	return ids, err
}

func (s *Session) civil(c models.Client) models.Date {
	return models.DateOf(c.CreatedAt, s.actor.Zone)
}

// looked reads the organisation's own trail for the records.
func (s *Session) looked(r *reading, v *Summary, ids []string) error {
	var events []auditRow
	err := r.Where("seq IN (SELECT seq FROM audit_objects WHERE object_id IN ?)", ids).
		Where("organisation_id = ? AND outcome IN ('ok', 'replayed')", s.actor.OrganisationID).
		Order("seq DESC").Limit(10 * maxLooks).Find(&events).Error
	seen := map[Look]bool{}
	for _, e := range events {
		look := Look{e.ActorRole, models.DateOf(e.At, s.actor.Zone)}
		if !seen[look] && len(v.Looked) < maxLooks {
			seen[look] = true
			v.Looked = append(v.Looked, look)
		}
	}
	return err
}

func (s *Session) summaryConsents(r *reading, v *Summary) error {
	var rows []models.Consent
	if err := r.Where("client_id = ?", v.Client.ID).Order("id DESC").Find(&rows).Error; err != nil {
		return err
	}
	ids := []models.OrganisationID{}
	for _, k := range rows {
		r.touched(k.ID)
		ids = append(ids, k.RecipientID)
		v.Consents = append(v.Consents, SeenConsent{Consent: k, ClientCode: v.Client.Handle(), Today: r.today})
	}
	var orgs []models.Organisation
	err := r.Select("id", "kind").Where("id IN ?", ids).Find(&orgs).Error
	v.Recipients = map[models.OrganisationID]models.OrganisationKind{}
	for _, o := range orgs {
		v.Recipients[o.ID] = o.Kind
	}
	return err
}
