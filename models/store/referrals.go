package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"gorm.io/gorm"

	"jol/models"
)

// SeenReferral is a referral as one party may see it.
type SeenReferral struct {
	models.Referral
	Party models.Party
	// ClientCode is the client's code in the reader's own sector.
	ClientCode string
	// Whole is false for a receiver whose consent is no longer in force: then only id,
	// state and the time of withdrawal may be shown.
	Whole   bool
	Overdue bool
}

// referralRow is a referral with what decides how it is seen.
type referralRow struct {
	models.Referral
	FromCode               string
	FromClientOrganisation models.OrganisationID // whose client it is: of a probation office's referral not the sender's
	FromLocalNo            int
	OwnCode                string // of the receiver's own record; the clinician may have confirmed one with another code
	OwnLocalNo             int
	ConsentState           string
	ConsentFrom            models.Date
	ConsentUntil           models.Date
	ConsentVersion         int64
	DutyFrom               models.Date // of the court duty, where it rests on one
	DutyUntil              models.Date
	DutyEndedAt            *time.Time
	// ConsentCategories is what the consent shares beside the referral.
	ConsentCategories []models.Category `gorm:"serializer:json"`
}

// referralQuery selects the referrals the session may read or change.
func (s *Session) referralQuery(q *gorm.DB, verb models.Verb) *gorm.DB {
	return s.scoped(s.referralsWith(q), referralTable, models.CatReferral, verb)
}

func (s *Session) referralsWith(q *gorm.DB) *gorm.DB {
	q = q.Model(&models.Referral{}).
		Select("referrals.*, fc.code AS from_code, fc.organisation_id AS from_client_organisation, fc.local_no AS from_local_no, COALESCE(tc.code, referrals.to_code) AS own_code, COALESCE(tc.local_no, 1) AS own_local_no, " +
			"k.state AS consent_state, k.from_date AS consent_from, k.until_date AS consent_until, k.version AS consent_version, k.categories AS consent_categories, " +
			"d.from_date AS duty_from, d.until_date AS duty_until, d.ended_at AS duty_ended_at").
		Joins("JOIN clients fc ON fc.id = referrals.from_client_id").
		Joins("LEFT JOIN clients tc ON tc.id = referrals.to_client_id").
		Joins("LEFT JOIN consents k ON k.id = referrals.consent_id").
		Joins("LEFT JOIN court_duties d ON d.id = referrals.supervision_id AND referrals.consent_id IS NULL")
	q = s.supervisedNow(q)
	return q.Where("(referrals.from_organisation_id = ? OR referrals.to_code <> '')", s.actor.OrganisationID) // the receiver erased its record
}

func (s *Session) party(r *models.Referral) models.Party {
	if r.FromOrganisationID == s.actor.OrganisationID {
		return models.Sender
	}
	return models.Receiver
}

func (row *referralRow) consent() models.Consent {
	return models.Consent{ID: row.ConsentID, State: row.ConsentState, FromDate: row.ConsentFrom, UntilDate: row.ConsentUntil, Version: row.ConsentVersion}
}

// basisInForce reports whether what the referral rests on holds on the civil date.
func (row *referralRow) basisInForce(on models.Date) bool {
	if row.OnDuty() {
		duty := models.CourtDuty{FromDate: row.DutyFrom, UntilDate: row.DutyUntil, EndedAt: row.DutyEndedAt}
		return duty.InForce(on)
	}
	consent := row.consent()
	return consent.InForce(on)
}

// see decides what the session's organisation may see of a referral now. The sender
// sees what it wrote; the receiver sees it while the consent is in force.
func (s *Session) see(row *referralRow) SeenReferral {
	seen := SeenReferral{Referral: row.Referral, Party: s.party(&row.Referral), Overdue: row.Overdue(s.store.now())}
	if seen.Party == models.Sender && row.Supervised() {
		seen.Whole = true // without a code: probation keeps no clients
		return seen
	}
	if seen.Party == models.Sender {
		seen.ClientCode, seen.Whole = models.CodeHandle(row.FromCode, row.FromLocalNo), true
		return seen
	}
	seen.ClientCode = models.CodeHandle(row.OwnCode, row.OwnLocalNo)
	misSent := row.State == models.ReferralCancelled && row.ToClientID == "" // it was never the receiver's
	seen.Whole = row.basisInForce(s.today()) && !misSent
	return seen
}

func (s *Session) seeReferrals(r *reading, q *gorm.DB) ([]SeenReferral, error) {
	var rows []referralRow
	if err := q.Order("referrals.id DESC").Find(&rows).Error; err != nil {
		return nil, err
	}
	return s.note(r, rows)
}

// note turns rows into what is seen and remembers which consents that relied on.
func (s *Session) note(r *reading, rows []referralRow) ([]SeenReferral, error) {
	seen := make([]SeenReferral, len(rows))
	for i := range rows {
		seen[i] = s.see(&rows[i])
		r.touched(rows[i].ID)
		switch {
		case seen[i].Party == models.Sender || !seen[i].Whole:
		case rows[i].OnDuty():
			r.permits = append(r.permits, permitRef{dutyTable, rows[i].SupervisionID})
		default:
			r.relied(rows[i].consent())
		}
	}
	return seen, s.noteSupervised(r, rows)
}

// PartyFilter narrows a list of what one organisation sends another; empty fields do not filter.
type PartyFilter struct {
	Direction string // in: the actor's organisation receives; out: it sends
	State     string
	Overdue   bool // what that means the list says
}

// byParty narrows by state, and tells in which ways the direction leaves the rows open: as
// the first party, as the second, or as both. Nothing but "own" opens what has two parties.
func (s *Session) byParty(q *gorm.DB, t table, category models.Category, f PartyFilter) (*gorm.DB, []condition) {
	switch {
	case f.State == "":
	case s.actor.OrganisationKind == models.KindProbation: // no filter tells what the answer does not
		q = q.Where(string(t)+".state IN ?", models.StatesSeenAs(f.State))
	default:
		q = q.Where(string(t)+".state = ?", f.State)
	}
	if !s.grants.Through(category, models.Read, models.Own) {
		return q, nil
	}
	parties := s.parties(t)
	switch f.Direction {
	case "in":
		parties = parties[1:]
	case "out":
		parties = parties[:1]
	}
	return q, parties
}

// ListReferrals returns the organisation's referrals, newest first.
func (s *Session) ListReferrals(ctx context.Context, f PartyFilter, p Paging) (page Page[SeenReferral], err error) {
	err = s.readRecords(ctx, "referral.read", func(r *reading) error {
		q, ways := s.byParty(s.referralsWith(r.DB), referralTable, models.CatReferral, f)
		if f.Overdue {
			q = q.Where("referrals.state IN ?", []string{models.ReferralSent, models.ReferralReceived, models.ReferralInfoRequested, models.ReferralAppointmentFixed}) // for the index
			q = q.Where("(referrals.from_organisation_id = ? OR (k.state = ? AND k.until_date >= ?) OR (d.ended_at IS NULL AND d.until_date >= ?))", s.actor.OrganisationID, models.ConsentGiven, r.today, r.today)
			q = q.Where("((referrals.state IN ? AND referrals.answer_due < ?) OR (referrals.state = ? AND referrals.appointment_at < ?))",
				[]string{models.ReferralSent, models.ReferralReceived, models.ReferralInfoRequested}, r.now, models.ReferralAppointmentFixed, r.now.AddDate(0, 0, -1))
		}
		rows, err := loadWays(s, q, ways, "referrals", "referrals.id", p, func(row referralRow) string { return row.ID })
		if err != nil {
			return err
		}
		page.Next = rows.Next
		page.Items, err = s.note(r, rows.Items)
		return err
	})
	return page, err
}

// GetReferral returns one referral to one of its parties.
func (s *Session) GetReferral(ctx context.Context, id string) (seen *SeenReferral, err error) {
	err = s.readRecords(ctx, "referral.read", func(r *reading) error {
		var row referralRow
		if err := found(s.referralQuery(r.DB, models.Read).Where("referrals.id = ?", id).Take(&row).Error, "referral"); err != nil {
			return err
		}
		all, err := s.note(r, []referralRow{row})
		if err != nil {
			return err
		}
		seen = &all[0]
		return nil
	})
	return seen, err
}

// CreateReferral sends a client to another organisation, on a consent in force now.
func (s *Session) CreateReferral(ctx context.Context, handle string, n models.NewReferral) (seen *SeenReferral, out Outcome, err error) {
	if err := n.Check(); err != nil {
		return nil, Outcome{}, err
	}
	var refusal error
	out, err = s.create(ctx, "referral.create", func(tx *tx, id string, replayed bool) error {
		refusal = nil
		if replayed {
			seen, err = tx.seenReferral(id, models.Read)
			return err
		}
		if n.SupervisionID != "" {
			seen, refusal, err = tx.sendSupervised(id, n)
			return err
		}
		c, err := s.clientByHandle(tx.DB, handle, models.CatIdentity, models.Read)
		if err != nil {
			return at("/clientCode", err)
		}
		tx.alsoTouched(string(c.ID))
		to, err := tx.receiver(n.ToOrganisationID)
		if err != nil {
			return err
		}
		consent, err := tx.consentFor(c, to, n.Reason)
		if err != nil {
			return err
		}
		seen, err = tx.send(id, c, to, consent.ID, n)
		return err
	})
	if err == nil && refusal != nil {
		return nil, Outcome{}, refusal
	}
	return seen, out, err
}

// send makes the referral, on the consent or, without one, on the court duty it is sent under.
func (t *tx) send(id string, c *models.Client, to *models.Organisation, consent string, n models.NewReferral) (*SeenReferral, error) {
	toCode, err := t.codeFor(c.ID, to.Kind)
	if err != nil {
		return nil, err
	}
	due := models.AnswerRoutine
	if n.Urgency == "urgent" {
		due = models.AnswerUrgent
	}
	r := models.Referral{
		ID: id, FromOrganisationID: t.session.actor.OrganisationID, ToOrganisationID: to.ID, FromClientID: c.ID, ToCode: toCode,
		ConsentID: consent, SupervisionID: n.SupervisionID, Reason: n.Reason, Urgency: n.Urgency, Needs: orEmpty(n.Needs), Note: strings.TrimSpace(n.Note),
		State: models.ReferralSent, SentAt: t.now, AnswerDue: t.now.Add(due), Version: 1, CreatedBy: t.session.actor.UserID,
	}
	if err := t.Create(&r).Error; err != nil {
		return nil, err
	}
	t.tell("referral", id, r.ToOrganisationID)
	t.tellSender(&r)
	t.disclosed(r.Given(c, models.CatReferral))
	seen := &SeenReferral{Referral: r, Party: models.Sender, Whole: true}
	if !r.Supervised() {
		seen.ClientCode = c.Handle()
	}
	return seen, nil
}

func (t *tx) receiver(id models.OrganisationID) (*models.Organisation, error) {
	to, err := t.organisation(id)
	if err != nil && !models.IsKind(err, models.KindNotFound) {
		return nil, err
	}
	var c models.Checks
	c.Require(err == nil && to.Receives() && id != t.session.actor.OrganisationID, "/toOrganisation", "referral.receiver_unknown")
	return to, c.Err()
}

// consentFor finds the consent a referral will rest on: the one that runs longest.
func (t *tx) consentFor(c *models.Client, to *models.Organisation, reason string) (*models.Consent, error) {
	var given []models.Consent
	if err := t.Where("client_id = ? AND state = ?", c.ID, models.ConsentGiven).Order("until_date DESC, id").Find(&given).Error; err != nil {
		return nil, err
	}
	for i := range given {
		if given[i].CoversReferral(to, reason, t.today) {
			return &given[i], nil
		}
	}
	return nil, models.Fail(models.KindConflict, "referral.consent_required", "No consent in force covers sending this client to that organisation.")
}

// seenReferral loads a referral inside the transaction, as the actor may see it.
func (t *tx) seenReferral(id string, verb models.Verb) (*SeenReferral, error) {
	row, err := t.referral(id, verb)
	if err != nil {
		return nil, err
	}
	seen := t.session.see(row)
	return &seen, nil
}

func (t *tx) referral(id string, verb models.Verb) (*referralRow, error) {
	var row referralRow
	q := t.session.referralQuery(t.DB, verb)
	return &row, found(q.Where("referrals.id = ?", id).Take(&row).Error, "referral")
}

// Acceptance says which of the receiver's own records is the same person, when a
// clinician has confirmed it; empty makes a record of its own.
type Acceptance struct{ SameAs string }

// MoveReferral makes one move of the state machine. The receiver moves only while the
// consent is in force; acceptance joins the records and hands the person over.
func (s *Session) MoveReferral(ctx context.Context, id, action string, m models.ReferralMove, accept Acceptance) (seen *SeenReferral, err error) {
	if err := m.Check(action, s.store.now(), s.today()); err != nil {
		return nil, err
	}
	err = s.write(ctx, "referral."+strings.ReplaceAll(action, "-", "_"), func(tx *tx) error {
		row, err := tx.referral(id, models.Change)
		if err != nil {
			return err
		}
		if err := tx.base(row.Version); err != nil {
			return err
		}
		r := &row.Referral
		party := s.party(r)
		early := r.CheckNoShow(action, tx.now)
		if err := r.Do(action, party, m); err != nil {
			return err
		}
		if early != nil { // whose step it is comes first
			return early
		}
		if party == models.Receiver && !row.basisInForce(tx.today) {
			return models.Fail(models.KindConflict, "consent.not_in_force", "The consent this referral rests on is not in force.")
		}
		tx.audit(id)
		if action == "acceptance" {
			from, err := tx.takeOver(r, accept)
			if err != nil {
				return err
			}
			// What the acceptance opens of the record it was sent from.
			tx.disclosed(r.Given(from, append([]models.Category{models.CatReferral}, row.ConsentCategories...)...))
		}
		if len(r.Allowed(models.Sender)) == 0 && len(r.Allowed(models.Receiver)) == 0 {
			r.SettledAt = &tx.now
		}
		columns := []string{"state", "appointment_at", "attended_on", "settled_at", "decline_reason", "alternative", "to_client_id", "version"}
		if err := changed(tx.Model(r).Where("version = ?", s.req.Base).Select(columns).Updates(r)); err != nil {
			return err
		}
		if err := tx.tellMoved(r); err != nil {
			return err
		}
		seen, err = tx.seenReferral(id, models.Change)
		return err
	})
	return seen, err
}

// tellMoved tells both parties, and takes back from a receiver what was never its own.
func (t *tx) tellMoved(r *models.Referral) error {
	t.tellSender(r)
	if r.State == models.ReferralCancelled && r.ToClientID == "" {
		t.gone("referral", r.ID, r.ToOrganisationID)
		return nil
	}
	t.tell("referral", r.ID, r.ToOrganisationID)
	if r.State != models.ReferralCancelled {
		return nil
	}
	return t.handoverTakenBack(r)
}

// handoverTakenBack tells a receiver that it sees no more of the release it had accepted, and
// takes back what it was to do for it: unless it accepted another referral for the same
// release, or has the case as the region's default clinic.
func (t *tx) handoverTakenBack(r *models.Referral) error {
	if r.Reason != models.ReasonRelease || r.ToClientID == "" {
		return nil
	}
	var cases []string
	err := t.Model(&models.ReleaseCase{}).Where("client_id = ? AND receiver_id = ? AND NOT by_default", r.FromClientID, r.ToOrganisationID).
		Where("NOT EXISTS ("+releaseReferrals+referralStands+" AND hr.id <> ?)", r.ToOrganisationID, r.ID).
		Order("id").Pluck("id", &cases).Error
	if err != nil || len(cases) == 0 {
		return err
	}
	for _, id := range cases {
		t.gone("release_case", id, r.ToOrganisationID)
	}
	return t.settleTasks(t.Where("organisation_id = ? AND origin = ? AND kind = 'release_clinic_contact' AND subject_id IN ?", r.ToOrganisationID, models.OriginCustody, cases), models.TaskCancelled)
}

// takeOver is the act of care that joins two organisations' records: the receiver's
// record gets the sender's person, and the receiver becomes responsible when the
// sender was.
func (t *tx) takeOver(r *models.Referral, accept Acceptance) (*models.Client, error) {
	var from models.Client
	if err := withPerson(t.DB).Where("clients.id = ?", r.FromClientID).Take(&from).Error; err != nil {
		return nil, err
	}
	own, err := t.receiversRecord(joining{"referral", r.ToOrganisationID, r.ToCode}, &from, accept)
	if err != nil {
		return nil, err
	}
	r.ToClientID = own
	t.alsoTouched(string(own))
	t.tell("client", string(own), r.ToOrganisationID)
	t.tell("client", string(from.ID), from.OrganisationID)
	if from.ResponsibleID == r.FromOrganisationID && !r.LeavesCustody() {
		held, err := t.heldBySender(&from)
		if err != nil {
			return nil, err
		}
		if held { // also what a record named in sameAs would bring along
			return &from, t.setResponsible(from.PersonID, from.ResponsibleID)
		}
	}
	switch {
	case r.Supervised(): // whatever record the receiver joined, the person stays where it was
		err = t.setResponsible(from.PersonID, from.ResponsibleID)
	case r.AddsCare():
		err = t.addsCareOnly(r, &from)
	case r.HandsOver(from.ResponsibleID):
		err = t.setResponsible(from.PersonID, r.ToOrganisationID)
	}
	return &from, err
}

// heldBySender reports whether the sender is a prison health unit and the person is in custody
// now. Nobody outside who may not know of the custody is refused anything by it.
func (t *tx) heldBySender(from *models.Client) (bool, error) {
	unit, err := t.exists(&models.Organisation{}, "id = ? AND kind = ?", from.OrganisationID, models.KindPrisonHealth)
	if err != nil || !unit {
		return false, err
	}
	return t.exists(&models.CustodySpell{}, "person_id = ? AND admitted_at IS NOT NULL AND ended_at IS NULL", from.PersonID)
}

// addsCareOnly leaves a person whom a link adds care to where the person was. Joining a
// record of the receiver's in sameAs lets the receiver keep somebody it was in charge of;
// for a link that holds only while it was treating before the link was sent. When an episode
// was entered counts, not the date it bears: a record made for the purpose would otherwise
// take the person, and with the person the file.
func (t *tx) addsCareOnly(r *models.Referral, from *models.Client) error {
	treated, err := t.exists(&models.Episode{}, "client_id = ? AND organisation_id = ? AND end_date = '' AND created_at < ?", r.ToClientID, r.ToOrganisationID, r.SentAt)
	if err != nil || treated {
		return err
	}
	return t.setResponsible(from.PersonID, from.ResponsibleID)
}

// joining is the act of care that joins two records: what it is called in errors, who
// receives, and the client's code there.
type joining struct {
	noun string
	to   models.OrganisationID
	code string
}

// receiversRecord returns the receiver's record of the person. An existing record is
// joined only when a clinician names it; a matching code alone joins nothing.
func (t *tx) receiversRecord(act joining, from *models.Client, accept Acceptance) (models.ClientID, error) {
	if accept.SameAs != "" {
		return t.confirmSame(act.noun, from, accept.SameAs)
	}
	joined, err := recordOf(t.DB, act.to, from.PersonID) // by an earlier act of care, whatever its code
	if err != nil {
		return "", err
	}
	if joined != nil {
		return joined.ID, nil
	}
	return t.recordFrom(from, act.to, act.code)
}

func (t *tx) confirmSame(noun string, from *models.Client, handle string) (models.ClientID, error) {
	var c models.Checks
	c.Require(t.session.actor.Role.Clinical(), "/sameAs", noun+".clinician_confirms")
	if err := c.Err(); err != nil {
		return "", err
	}
	own, err := t.session.clientByHandle(t.DB, handle, models.CatIdentity, models.Read)
	if err != nil {
		return "", at("/sameAs", err)
	}
	if own.PersonID == from.PersonID {
		return own.ID, nil
	}
	var elsewhere int64
	err = t.Model(&models.Client{}).Where("person_id = ? AND organisation_id <> ?", own.PersonID, own.OrganisationID).Count(&elsewhere).Error
	if err != nil {
		return "", err
	}
	if own.Sex != from.Sex || elsewhere > 0 {
		// Others' records hang on this one: one signature cannot move them.
		return "", models.Fail(models.KindConflict, noun+".not_same_person", "That record cannot be confirmed as the same person here; go on with a separate record and ask for a merge.")
	}
	return own.ID, t.joinConfirmed(own, from)
}

// joinConfirmed gives the receiver's own records of a person the sender's person, and
// keeps which person they had, so that it can be seen and undone. Responsibility is never
// lost by it: where the sender is not handing over, the receiver's stays the receiver's.
func (t *tx) joinConfirmed(own, from *models.Client) error {
	change := models.IdentityChange{
		ID: newID(), OrganisationID: own.OrganisationID, Kind: "merge", ClientID: own.ID, WithID: from.ID, FromPersonID: own.PersonID,
		ToPersonID: from.PersonID, State: "approved", RequestedBy: t.session.actor.UserID, ApprovedBy: t.session.actor.UserID,
		CreatedAt: t.now, Version: 1,
	}
	if err := t.Create(&change).Error; err != nil {
		return err
	}
	t.alsoTouched(change.ID)
	if from.ResponsibleID == from.OrganisationID && own.ResponsibleID == own.OrganisationID {
		if err := t.setResponsible(from.PersonID, own.OrganisationID); err != nil {
			return err
		}
	}
	return t.moveClients(t.Where("person_id = ?", own.PersonID), from.PersonID)
}

func (t *tx) setResponsible(person models.PersonID, to models.OrganisationID) error {
	return t.Model(&models.Person{}).Where("id = ?", person).Update("responsible_id", to).Error
}

// at adds the pointer of the body field that named the record.
func at(pointer string, err error) error {
	var e *models.Error
	if !errors.As(err, &e) {
		return err
	}
	c := *e
	c.Fields = []models.FieldError{{Pointer: pointer, Code: e.Code}}
	return &c
}
