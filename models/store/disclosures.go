package store

import (
	"context"

	"jol/models"
)

// SeenDisclosure is an entry of the disclosure log with who received.
type SeenDisclosure struct {
	models.Disclosure
	ClientCode        string
	RecipientKind     models.OrganisationKind
	ActorRole         models.Role // of the user by whose act it was given: who sent it, or who read
	ActorOrganisation models.OrganisationID
}

type disclosureRow struct {
	models.Disclosure
	RecipientKind     models.OrganisationKind
	ActorRole         models.Role // of the user by whose act it was given: who sent it, or who read
	ActorOrganisation models.OrganisationID
}

// loadDisclosures pages through what of a client of the actor's organisation went to others.
func (s *Session) loadDisclosures(r *reading, c *models.Client, p Paging) (page Page[SeenDisclosure], err error) {
	q := s.scoped(r.Model(&models.Disclosure{}), disclosureTable, models.CatDisclosureLog, models.Read).
		Select("disclosures.*, COALESCE(ro.kind, '') AS recipient_kind, COALESCE(ru.role, '') AS actor_role, COALESCE(ru.organisation_id, '') AS actor_organisation").
		Joins("LEFT JOIN organisations ro ON ro.id = disclosures.recipient_id").
		Joins("LEFT JOIN users ru ON ru.id = disclosures.actor_id").
		Where("disclosures.client_id = ?", c.ID)
	rows, err := loadPage(s, q, "disclosures", "disclosures.id", p, func(d disclosureRow) string { return d.ID })
	page.Next = rows.Next
	for _, d := range rows.Items {
		d.Complete() // one of an earlier version
		page.Items = append(page.Items, SeenDisclosure{d.Disclosure, c.Handle(), d.RecipientKind, d.ActorRole, d.ActorOrganisation})
	}
	return page, err
}

// ListDisclosures returns what was shown or given of one of the organisation's clients, to
// whom, when, and on which consent or ground, newest first.
func (s *Session) ListDisclosures(ctx context.Context, handle string, p Paging) (page Page[SeenDisclosure], err error) {
	err = s.readRecords(ctx, "disclosure.read", func(r *reading) error {
		r.noun = "client"
		c, err := s.clientByHandle(r.DB, handle, models.CatIdentity, models.Read)
		if err != nil {
			return err
		}
		r.touched(string(c.ID))
		page, err = s.loadDisclosures(r, c, p)
		return err
	})
	return page, err
}

// EnterDisclosure records that something was given away on a legal ground, without the
// client's consent. The entry gets a random reference to write on the paper.
func (s *Session) EnterDisclosure(ctx context.Context, handle string, n models.NewDisclosure) (d *SeenDisclosure, out Outcome, err error) {
	if err := n.Check(); err != nil {
		return nil, Outcome{}, err
	}
	out, err = s.create(ctx, "disclosure.create", func(tx *tx, id string, replayed bool) error {
		c, err := s.clientByHandle(tx.DB, handle, models.CatIdentity, models.Read)
		if err != nil {
			return err
		}
		tx.alsoTouched(string(c.ID))
		d = &SeenDisclosure{ClientCode: c.Handle(), ActorRole: s.actor.Role, ActorOrganisation: s.actor.OrganisationID}
		if replayed {
			return found(tx.Where("id = ? AND client_id = ?", id, c.ID).Take(&d.Disclosure).Error, "disclosure")
		}
		d.Disclosure = models.Disclosure{
			ID: id, ClientID: c.ID, OrganisationID: s.actor.OrganisationID, Recipient: n.Recipient, Categories: n.Categories, Ground: n.Ground,
			Reference: newID(), ClientTold: *n.ClientTold, NotToldReason: n.NotToldReason, At: tx.now, ActorID: s.actor.UserID,
		}
		tx.tell("disclosure", id, s.actor.OrganisationID)
		return tx.Create(&d.Disclosure).Error
	})
	return d, out, err
}
