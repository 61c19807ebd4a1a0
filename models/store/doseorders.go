package store

import (
	"context"
	"errors"
	"strings"

	"gorm.io/gorm"

	"jol/models"
)

// SeenDoseOrder is an order as the session may see it.
type SeenDoseOrder struct {
	models.DoseOrder
	Own        bool   // written by the actor's organisation
	ClientCode string // the caller's own handle, empty for another's record
	History    []models.DoseOrderVersion
	Guards     []models.DoseGuard
	LastDose   *models.DoseEvent // taken; nil when none was here
	Gap        *SeenGap          // nil when no dose was taken yet
	// ContinuityConsent is none, given or refused: a warning, never a condition.
	ContinuityConsent string
}

// SeenGap is the gap at the moment of reading.
type SeenGap struct {
	models.DoseGap
	Hours float64 // since the last dose taken
}

// orderNoun names the record in errors.
const orderNoun = "dose_order"

// CreateDoseOrder starts agonist treatment. The database keeps a confirmed person to one
// order that is not ended over all sites; a clash is told to the prescriber without the
// site, and stands in the disclosure log.
func (s *Session) CreateDoseOrder(ctx context.Context, handle string, n models.NewDoseOrder, rules models.DoseRules) (seen *SeenDoseOrder, out Outcome, err error) {
	outside := []string{}
	for try := 0; ; try++ {
		var clash error
		out, err = s.create(ctx, "dose_order.create", func(t *tx, id string, replayed bool) error {
			clash = nil
			if !replayed { // a retry after midnight is still the same order
				if err := n.Check(t.today); err != nil {
					return err
				}
				if outside, err = n.Guard(rules); err != nil {
					return err
				}
			}
			c, err := s.clientByHandle(t.DB, handle, models.CatIdentity, models.Read)
			if err != nil {
				return err
			}
			t.alsoTouched(string(c.ID))
			if !replayed {
				if clash, err = t.openOrderOf(c); err != nil || clash != nil {
					return err
				}
				if err := t.order(id, c, n, outside, rules); err != nil {
					return err
				}
			}
			seen, err = t.seenOrder(id, rules)
			return err
		})
		if errors.Is(err, gorm.ErrDuplicatedKey) && try < 3 {
			continue // somebody else's order came first; now it can be seen
		}
		if err == nil && clash != nil {
			return nil, Outcome{}, clash
		}
		return seen, out, err
	}
}

// openOrderOf looks for an order of the person that is not ended. Elsewhere, its being
// there is itself told: the transaction then writes nothing but the event and the entry
// in the disclosure log, and commits, because an entry that is rolled back is no entry.
func (t *tx) openOrderOf(c *models.Client) (clash, err error) {
	var open []models.DoseOrder
	if err := t.Where("person_id = ? AND state <> ?", c.PersonID, models.OrderEnded).Limit(1).Find(&open).Error; err != nil || len(open) == 0 {
		return nil, err
	}
	if open[0].OrganisationID == c.OrganisationID {
		return nil, models.Fail(models.KindConflict, "dose_order.active_already", "This client has an order that is not ended at your organisation; change or end that one.")
	}
	t.disclosed(models.Disclosure{
		ClientID: open[0].ClientID, OrganisationID: open[0].OrganisationID, RecipientID: c.OrganisationID,
		Categories: []models.Category{models.CatOAT}, Ground: "imminent_danger", NotToldReason: "not_reachable",
	})
	t.alsoTouched(open[0].ID)
	return models.Fail(models.KindConflict, "dose_order.active_elsewhere", "This person has an agonist treatment that is not ended at another site. "+
		"Ask for a transfer there. If this is another person, register a second one: ask for a split of the record (identity-changes), which a colleague approves; then the treatment can start."), t.refuse("dose_order.clash")
}

// refuse turns a create into a refusal that leaves its event, under the name of what was
// told: the key is free again.
func (t *tx) refuse(action string) error {
	t.events[0].Action = action
	return t.Where("user_id = ? AND key = ?", t.session.actor.UserID, t.session.digest("key", t.session.req.Key)).Delete(&idempotencyRow{}).Error
}

func (t *tx) order(id string, c *models.Client, n models.NewDoseOrder, outside []string, rules models.DoseRules) error {
	return t.openOrder(&models.DoseOrder{
		ID: id, ClientID: c.ID, PersonID: c.PersonID, OrganisationID: c.OrganisationID, Medicine: n.Medicine, Schedule: n.Schedule, Phase: n.Phase,
		DoseUg: n.DoseUg, LowTolerance: n.LowTolerance, FromDate: n.From, Outside: outside, GuardReason: n.GuardReason,
	}, "start", rules)
}

// openOrder stores a new order and its first version. Identity was checked now, by the actor.
func (t *tx) openOrder(o *models.DoseOrder, action string, rules models.DoseRules) error {
	episodes := []string{}
	if err := t.Model(&models.Episode{}).Where("client_id = ? AND end_date = ''", o.ClientID).Pluck("id", &episodes).Error; err != nil {
		return err
	}
	o.EpisodeID = strings.Join(episodes, "") // one at most: an index holds that
	o.State, o.Version = models.OrderActive, 1
	o.IdentityCheckedAt, o.IdentityCheckedBy = t.now, t.session.actor.UserID
	o.CreatedAt, o.CreatedBy = t.now, t.session.actor.UserID
	if err := t.Create(o).Error; err != nil {
		return err
	}
	t.tell(orderNoun, o.ID, o.OrganisationID)
	if err := t.Create(o.AsVersion(action, t.now, t.session.actor.UserID)).Error; err != nil {
		return err
	}
	return t.watchGap(o, nil, nil, rules)
}

// ownOrder loads an order of the session's scope that the actor's organisation wrote.
func (t *tx) ownOrder(id string, verb models.Verb) (*models.DoseOrder, error) {
	var o models.DoseOrder
	q := t.session.scoped(t.DB, orderTable, models.CatOAT, verb)
	return &o, found(q.Where("dose_orders.id = ? AND dose_orders.organisation_id = ?", id, t.session.actor.OrganisationID).Take(&o).Error, orderNoun)
}

// ChangeDoseOrder makes one move of an order: its dose, phase, hold, taper or end. Each
// version is kept.
func (s *Session) ChangeDoseOrder(ctx context.Context, id, action string, ch models.DoseOrderChange, rules models.DoseRules) (seen *SeenDoseOrder, err error) {
	if err := ch.Check(action); err != nil {
		return nil, err
	}
	err = s.write(ctx, "dose_order."+strings.ReplaceAll(action, "-", "_"), func(t *tx) error {
		o, err := t.ownOrder(id, models.Change)
		if err != nil {
			return err
		}
		if err := t.base(o.Version); err != nil {
			return err
		}
		last, err := lastTaken(t.DB, o, t.now)
		if err != nil {
			return err
		}
		earlier, err := lastTaken(t.Where("on_date < ?", models.DateOf(t.now, t.session.actor.Zone)), o, t.now)
		if err != nil {
			return err
		}
		if err := o.Do(action, ch, rules, earlier == nil && o.PriorDoseAt == nil, t.now); err != nil {
			return err
		}
		t.audit(id)
		if err := t.saveOrder(o, action); err != nil {
			return err
		}
		if err := t.watchGap(o, last, nil, rules); err != nil {
			return err
		}
		seen, err = t.seenOrder(id, rules)
		return err
	})
	return seen, err
}

// saveOrder writes the next version of an order, and tells whoever waits for its dose.
func (t *tx) saveOrder(o *models.DoseOrder, action string) error {
	columns := []string{"state", "phase", "dose_ug", "reason", "ended_at", "outside", "guard_reason", "version"}
	if err := changed(t.Model(o).Where("version = ?", o.Version-1).Select(columns).Updates(o)); err != nil {
		return err
	}
	if err := t.Create(o.AsVersion(action, t.now, t.session.actor.UserID)).Error; err != nil {
		return err
	}
	t.tell(orderNoun, o.ID, o.OrganisationID)
	if o.State == models.OrderEnded {
		if err := t.guestsEndNow(o); err != nil {
			return err
		}
	}
	return t.carryDose(o)
}

// GetDoseOrder returns an order with its history and the gap now. Another organisation's
// order is shown to those who treat the person, by consent or in an emergency, and is
// entered in the disclosure log.
func (s *Session) GetDoseOrder(ctx context.Context, id string, rules models.DoseRules) (seen *SeenDoseOrder, err error) {
	err = s.readRecords(ctx, "dose_order.read", func(r *reading) error {
		ofPerson := r.Model(&models.DoseOrder{}).Select("person_id").Where("id = ?", id)
		naming, err := s.consentsNaming(r, ofPerson) // before what they may open
		if err != nil {
			return found(err, orderNoun)
		}
		var o models.DoseOrder
		if err := found(s.scoped(r.DB, orderTable, models.CatOAT, models.Read).Where("dose_orders.id = ?", id).Take(&o).Error, orderNoun); err != nil {
			return err
		}
		r.touched(o.ID)
		if err := s.disclose(r, orderTable, naming, shownOrder(&o)); err != nil {
			return err
		}
		seen, err = s.orderWith(r.DB, &o, rules)
		return err
	})
	return seen, err
}

// ListDoseOrders returns the orders of the person behind one of the caller's clients.
func (s *Session) ListDoseOrders(ctx context.Context, handle string, rules models.DoseRules) (all []SeenDoseOrder, err error) {
	err = s.readRecords(ctx, "dose_order.read", func(r *reading) error {
		r.noun = "client"
		c, err := s.clientByHandle(r.DB, handle, models.CatIdentity, models.Read)
		if err != nil {
			return err
		}
		r.touched(string(c.ID))
		naming, err := s.consentsNaming(r, c.PersonID)
		if err != nil {
			return err
		}
		var orders []models.DoseOrder
		if err := s.scoped(r.Model(&models.DoseOrder{}), orderTable, models.CatOAT, models.Read).
			Where("dose_orders.person_id = ?", c.PersonID).Order("dose_orders.id DESC").Find(&orders).Error; err != nil {
			return err
		}
		shown := make([]shownRecord, len(orders))
		for i := range orders {
			r.touched(orders[i].ID)
			shown[i] = shownOrder(&orders[i])
		}
		if err := s.disclose(r, orderTable, naming, shown...); err != nil {
			return err
		}
		for i := range orders {
			seen, err := s.orderWith(r.DB, &orders[i], rules)
			if err != nil {
				return err
			}
			all = append(all, *seen)
		}
		return nil
	})
	return all, err
}

// shownOrder is an order as the disclosure log enters it.
func shownOrder(o *models.DoseOrder) shownRecord {
	return shownRecord{o.ID, o.ClientID, o.OrganisationID, models.CatOAT}
}

// seenOrder loads the actor's own order inside the transaction.
func (t *tx) seenOrder(id string, rules models.DoseRules) (*SeenDoseOrder, error) {
	var o models.DoseOrder
	if err := found(t.Where("id = ? AND organisation_id = ?", id, t.session.actor.OrganisationID).Take(&o).Error, orderNoun); err != nil {
		return nil, err
	}
	return t.session.orderWith(t.DB, &o, rules)
}

// orderWith adds to an order what is read or computed beside it.
func (s *Session) orderWith(db *gorm.DB, o *models.DoseOrder, rules models.DoseRules) (*SeenDoseOrder, error) {
	db = db.Session(&gorm.Session{NewDB: true})
	seen := &SeenDoseOrder{DoseOrder: *o, Own: o.OrganisationID == s.actor.OrganisationID, Guards: rules.Guards(o.Medicine)}
	if err := db.Where("order_id = ?", o.ID).Order("version DESC").Find(&seen.History).Error; err != nil {
		return nil, err
	}
	var c models.Client
	if err := db.Where("id = ?", o.ClientID).Take(&c).Error; err != nil {
		return nil, err
	}
	seen.ClientCode = s.ownHandle(&c)
	var err error
	if seen.LastDose, err = lastTaken(db, o, s.store.now()); err != nil {
		return nil, err
	}
	if seen.Gap, err = s.gapOf(db, o, seen.LastDose, rules); err != nil {
		return nil, err
	}
	seen.ContinuityConsent, err = continuityConsent(db, o.ClientID, s.today())
	return seen, err
}

// continuityConsent tells whether the dose-continuity consent was given: it is asked for
// at the start of treatment, so that the dose can follow the client on the day of an arrest.
func continuityConsent(db *gorm.DB, client models.ClientID, today models.Date) (string, error) {
	var asked []models.Consent
	err := db.Where("client_id = ? AND purpose = ?", client, models.PurposeDoseContinuity).Order("id DESC").Find(&asked).Error
	state := "none"
	for i := range asked {
		switch {
		case asked[i].InForce(today):
			return "given", err
		case asked[i].State == models.ConsentRefused:
			state = "refused"
		}
	}
	return state, err
}
