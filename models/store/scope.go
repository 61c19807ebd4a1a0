package store

import (
	"strings"

	"gorm.io/gorm"

	"jol/models"
)

// table is a table that a session reads through a scope.
type table string

const (
	clientTable        table = "clients"
	consentTable       table = "consents"
	referralTable      table = "referrals"
	episodeTable       table = "episodes"
	organisationTable  table = "organisations"
	userTable          table = "users"
	changeTable        table = "identity_changes"
	releaseTable       table = "releases"
	denominatorTable   table = "denominators"
	auditTable         table = "audit_events"
	editionTable       table = "editions"
	facilityLimitTable table = "facility_limits"

	taskTable            table = "tasks"
	anchorTable          table = "anchors"
	entryTable           table = "entries"
	overdoseTable        table = "overdoses"
	kitTable             table = "naloxone_kits"
	alertTable           table = "alerts"
	ewsReportTable       table = "ews_reports"
	orderTable           table = "dose_orders"
	doseTable            table = "dose_events"
	doseTransferTable    table = "dose_transfers"
	doubleDosingTable    table = "double_dosing"
	spellTable           table = "custody_spells"
	custodyTransferTable table = "custody_transfers"
	releaseCaseTable     table = "release_cases"
	noticeTable          table = "notices"
	contactTable         table = "duty_contacts"
	disclosureTable      table = "disclosures"
	breakGlassTable      table = "break_glass"
	dutyTable            table = "court_duties"
	agreementTable       table = "agreements"
	passTable            table = "access_passes"
	visitTable           table = "visits"
	noteTable            table = "functional_notes"
	deviceTable          table = "devices"
)

// ofClient reports whether the table's rows are somebody's record, tied to a client by
// client_id and to who wrote it by organisation_id: what others may read of a person.
func (t table) ofClient() bool {
	switch t {
	case episodeTable, taskTable, entryTable, overdoseTable, kitTable, orderTable, doseTable, releaseCaseTable:
		return true
	}
	return false
}

// condition is SQL with its arguments.
type condition struct {
	sql  string
	args []any
}

// scoped adds to q the rows of the table that the session's grants reach for the
// category and verb. It is the one place where access becomes SQL: one expression a
// table and relation, joined by OR inside one pair of parentheses. A relation that a
// table does not know reaches nothing; no grant at all is 1=0.
func (s *Session) scoped(q *gorm.DB, t table, category models.Category, verb models.Verb) *gorm.DB {
	ways := s.ways(t, category, verb)
	if len(ways) == 0 {
		return q.Where("1 = 0")
	}
	if t == entryTable { // one table for entries of many categories
		q = q.Where("entries.category = ?", category)
	}
	c := anyOf(ways)
	return q.Where("("+c.sql+")", c.args...)
}

// ways are the conditions of which scoped asks one at least: one a relation, and one for
// each party of what has two. A list that is open in several ways reads each as a stretch of
// an index of its own (loadWays); by OR it would walk everybody's rows to the end of the page.
func (s *Session) ways(t table, category models.Category, verb models.Verb) (all []condition) {
	for _, relation := range s.grants[category][verb] {
		if both := s.parties(t); relation == models.Own && both != nil {
			all = append(all, both...)
		} else if c := s.reach(t, relation, category); c.sql != "" {
			all = append(all, c)
		}
	}
	return all
}

// releaseReferrals are the referrals for a release out of the stay of a case that an
// organisation accepted; with referralTakenBack or referralStands behind it those of which that is so.
const releaseReferrals = "SELECT 1 FROM referrals hr JOIN custody_spells hs ON hs.id = release_cases.spell_id AND hr.sent_at >= hs.admitted_at" +
	" WHERE hr.from_client_id = release_cases.client_id AND hr.to_organisation_id = ? AND hr.reason = 'release' AND hr.to_client_id <> ''"

const (
	referralTakenBack = " AND hr.state IN ('" + models.ReferralCancelled + "', '" + models.ReferralConsentWithdrawn + "')"
	referralStands    = " AND hr.state NOT IN ('" + models.ReferralCancelled + "', '" + models.ReferralConsentWithdrawn + "')"
)

// parties are the conditions that make an organisation one of the two parties of a row.
func (s *Session) parties(t table) []condition {
	var one, other string
	switch t {
	case referralTable, doseTransferTable, custodyTransferTable:
		one, other = "from_organisation_id", "to_organisation_id"
	case agreementTable, passTable, visitTable:
		one, other = "ngo_id", "institution_id"
	case releaseCaseTable: // who is responsible since the release needs to know of it
		one, other = "organisation_id", "receiver_id"
	default:
		return nil
	}
	org := s.actor.OrganisationID
	first, second := condition{string(t) + "." + one + " = ?", []any{org}}, condition{string(t) + "." + other + " = ?", []any{org}}
	switch t {
	case custodyTransferTable: // one that was cancelled was never the receiver's
		second.sql += " AND custody_transfers.state <> '" + models.CustodyTransferCancelled + "'"
	case releaseCaseTable: // nor a release whose referral was taken back
		second.sql += " AND (release_cases.by_default OR NOT EXISTS (" + releaseReferrals + referralTakenBack + ") OR EXISTS (" + releaseReferrals + referralStands + "))"
		second.args = append(second.args, org, org)
		if s.actor.OrganisationKind == models.KindNGO { // who learns a release date by consent only
			c := s.reachByConsent(t, models.CatReleaseDate)
			second.sql += " AND " + c.sql
			second.args = append(second.args, c.args...)
		}
	}
	return []condition{first, second}
}

// anyOf joins conditions by OR; whoever uses it adds the parentheses.
func anyOf(conditions []condition) (c condition) {
	var parts []string
	for _, one := range conditions {
		parts = append(parts, one.sql)
		c.args = append(c.args, one.args...)
	}
	c.sql = strings.Join(parts, " OR ")
	return c
}

// ownRows adds to q the rows of the table that the actor's organisation wrote itself, and
// reports whether its role may read them as such: what an organisation may count. Of what
// has two parties these are the rows it sent, because the others are about somebody else's
// clients.
func (s *Session) ownRows(q *gorm.DB, t table, category models.Category) (*gorm.DB, bool) {
	column := ".organisation_id = ?"
	switch t {
	case referralTable, doseTransferTable, custodyTransferTable:
		column = ".from_organisation_id = ?"
	}
	return q.Where(string(t)+column, s.actor.OrganisationID), s.grants.Through(category, models.Read, models.Own)
}

// scopedEntries adds the entries of the clinical record that the session's grants reach,
// each through the category it belongs to.
func (s *Session) scopedEntries(q *gorm.DB, verb models.Verb) *gorm.DB {
	var parts []string
	var args []any
	for _, category := range models.EntryCategories() {
		for _, relation := range s.grants[category][verb] {
			if c := s.reach(entryTable, relation, category); c.sql != "" {
				parts = append(parts, "entries.category = ? AND ("+c.sql+")")
				args = append(append(args, category), c.args...)
			}
		}
	}
	if len(parts) == 0 {
		return q.Where("1 = 0")
	}
	return q.Where("("+strings.Join(parts, " OR ")+")", args...)
}

// reach is the expression of one relation on one table.
func (s *Session) reach(t table, relation models.Relation, category models.Category) condition {
	org := s.actor.OrganisationID
	switch relation {
	case models.Any:
		switch t {
		case organisationTable, releaseTable, denominatorTable, auditTable, editionTable, facilityLimitTable:
			return condition{sql: "1 = 1"}
		case alertTable: // a proposal answers whoever made the report that set it off: only the programme sees it
			return condition{sql: "alerts.issued_at IS NOT NULL"}
		case userTable: // colleagues: the directory names no account of another organisation
			return condition{"users.organisation_id = ?", []any{org}}
		case ewsReportTable:
			return s.reachEWS()
		}
	case models.Country: // one deployment serves one country
		switch t {
		case organisationTable:
			return s.ministryOr("organisations.id = ?")
		case userTable, contactTable, deviceTable:
			return s.ministryOr(string(t) + ".organisation_id = ?")
		case agreementTable, visitTable, alertTable, ewsReportTable: // a pass is about a worker: between the two organisations
			return condition{sql: "1 = 1"}
		}
	case models.Own:
		if both := s.parties(t); both != nil {
			return anyOf(both)
		}
		switch t {
		case clientTable, consentTable, changeTable, anchorTable, alertTable, ewsReportTable, doubleDosingTable, spellTable, noticeTable, disclosureTable, breakGlassTable, dutyTable:
			return condition{string(t) + ".organisation_id = ?", []any{org}}
		}
		if t.ofClient() {
			return condition{string(t) + ".organisation_id = ?", []any{org}}
		}
	case models.Team:
		return s.reachByTeam(t)
	case models.InCustody:
		return s.reachByCustody(t)
	case models.Consented:
		return s.reachByConsent(t, category)
	case models.Emergency:
		return s.reachByEmergency(t)
	}
	return condition{}
}

// programmeAlerts reports whether the actor decides on any alert: who sees proposals, and
// whether an issued one is weakened.
func (s *Session) programmeAlerts() bool {
	return s.grants.Through(models.CatAlert, models.Change, models.Country)
}

// ministryOr is the whole country for a ministry; the administrator of any other
// organisation manages that organisation only. Otherwise a clinic's administrator could
// make an account in a prison and read with it.
func (s *Session) ministryOr(own string) condition {
	if s.actor.OrganisationKind == models.KindMinistry {
		return condition{sql: "1 = 1"}
	}
	return condition{own, []any{s.actor.OrganisationID}}
}

// samePerson joins a row's client to the other records of the person.
const samePerson = "SELECT 1 FROM clients rc JOIN clients mc ON mc.person_id = rc.person_id AND mc.organisation_id = ? "

// reachByTeam is the treating team in charge: the actor's clinic is responsible for the
// person and has an open episode of it. Opening an episode alone reaches nothing, or a
// clinic could make itself a team.
//
// Where the client has said anything about the actor's organisation, on any record of the
// person, the consents decide alone (reachByConsent): a limited consent stays limited and
// a withdrawal ends what it gave. Only clinics are teams here: a prison health unit reads
// by custody and consent, an NGO by consent; and an NGO's records are shared on consent
// only (matrix row "counselling notes of NGO").
//
// A clinic that is responsible because a release fell to it by default, and to which
// nobody has referred the person since, accepted nothing and was sent nothing: it has what
// the release told it, and the consents.
func (s *Session) reachByTeam(t table) condition {
	if !t.ofClient() {
		return condition{}
	}
	return s.inCharge(string(t) + ".client_id")
}

// inCharge is reachByTeam for the client that an expression names: the change feed asks it too.
func (s *Session) inCharge(client string) condition {
	if s.actor.OrganisationKind != models.KindClinic {
		return condition{}
	}
	org := s.actor.OrganisationID
	return condition{"EXISTS (" + samePerson + "JOIN episodes oe ON oe.client_id = mc.id AND oe.end_date = '' " +
		"JOIN persons p ON p.id = rc.person_id AND p.responsible_id = ? " +
		"JOIN organisations ro ON ro.id = rc.organisation_id AND ro.kind IN ('clinic', 'prison_health') WHERE rc.id = " + client +
		" AND NOT EXISTS (SELECT 1 FROM release_cases fd JOIN clients fc ON fc.id = fd.client_id WHERE fc.person_id = rc.person_id AND fd.receiver_id = ? AND fd.by_default" +
		" AND NOT EXISTS (SELECT 1 FROM referrals ar JOIN clients ac ON ac.id = ar.from_client_id WHERE ac.person_id = rc.person_id AND ar.to_organisation_id = ? AND ar.to_client_id <> '' AND ar.supervision_id = ''))" +
		" AND NOT EXISTS (SELECT 1 FROM consents w JOIN clients wc ON wc.id = w.client_id WHERE wc.person_id = rc.person_id" +
		" AND w.state IN ('given', 'refused', 'withdrawn', 'invalid') AND (w.recipient_id = ? OR w.recipient_kind = ?)))",
		[]any{org, org, org, org, org, s.actor.OrganisationKind}}
}

// healthService reports whether the organisation treats: such a one, with an open episode,
// is told who is responsible (treats).
func (s *Session) healthService() bool {
	kind := s.actor.OrganisationKind
	return kind == models.KindClinic || kind == models.KindPrisonHealth
}

// heldNow is a stay (hs) in which somebody is held. One that is only expected opens no file
// and shuts nobody out: whoever writes an expectation down would otherwise read by it.
const heldNow = "hs.admitted_at IS NOT NULL AND hs.ended_at IS NULL"

// reachByCustody is the institution where the person is held now. Security and management
// reach the stay and its functional notes; the health unit that serves the institution also
// reaches what prison health services wrote, because the file moves with the person. What
// the community wrote it reads by consent.
func (s *Session) reachByCustody(t table) condition {
	institution := s.actor.OrganisationID
	if s.actor.OrganisationKind == models.KindPrisonHealth {
		institution = s.actor.Serves
	}
	if institution == "" {
		return condition{}
	}
	switch t {
	case spellTable:
		return condition{"custody_spells.institution_id = ? AND custody_spells.admitted_at IS NOT NULL AND custody_spells.ended_at IS NULL", []any{institution}}
	case noteTable:
		return condition{"functional_notes.institution_id = ? AND EXISTS (SELECT 1 FROM custody_spells hs WHERE hs.id = functional_notes.spell_id AND " + heldNow + ")", []any{institution}}
	}
	if s.actor.OrganisationKind != models.KindPrisonHealth || !t.ofClient() && t != consentTable {
		return condition{}
	}
	return condition{"EXISTS (SELECT 1 FROM clients rc JOIN custody_spells hs ON hs.person_id = rc.person_id AND hs.institution_id = ? AND " + heldNow +
		" JOIN organisations ro ON ro.id = rc.organisation_id AND ro.kind = 'prison_health' WHERE rc.id = " + string(t) + ".client_id)", []any{institution}}
}

// reachByConsent: a consent in force today names the actor's organisation, covers the
// category and has a purpose that fits it. It was given for the person, so it must
// have been recorded by the organisation whose record is read.
func (s *Session) reachByConsent(t table, category models.Category) condition {
	if !t.ofClient() && t != spellTable {
		return condition{}
	}
	if s.actor.OrganisationKind == models.KindProbation {
		return s.reachByDuty(t, category)
	}
	today := s.today()
	c := condition{"EXISTS (" + samePerson + "JOIN consents k ON k.client_id = rc.id WHERE rc.id = " + string(t) + ".client_id" +
		" AND k.state = 'given' AND k.from_date <= ? AND k.until_date >= ? AND k.purpose IN ?" +
		" AND (k.recipient_id = ? OR k.recipient_kind = ?) AND k.categories LIKE ?" + s.visits(today).sql + ")",
		[]any{s.actor.OrganisationID, today, today, models.PurposesFor(category), s.actor.OrganisationID, s.actor.OrganisationKind, `%"` + string(category.Consentable()) + `"%`}}
	c.args = append(c.args, s.visits(today).args...)
	return c
}

// reachByDuty is what reachByConsent is to others for a probation office, which keeps no
// client records to be joined to: a consent in force that names the office itself or all
// of them, or, for attendance and the social plan only, a court duty that names it.
func (s *Session) reachByDuty(t table, category models.Category) condition {
	today, org := s.today(), s.actor.OrganisationID
	c := condition{"EXISTS (SELECT 1 FROM consents k WHERE k.client_id = " + string(t) + ".client_id" +
		" AND k.state = 'given' AND k.from_date <= ? AND k.until_date >= ? AND k.purpose IN ?" +
		" AND (k.recipient_id = ? OR k.recipient_kind = ?) AND k.categories LIKE ?)",
		[]any{today, today, models.PurposesFor(category), org, s.actor.OrganisationKind, `%"` + string(category.Consentable()) + `"%`}}
	if category == models.CatAttendance || category == models.CatPlanSocial {
		c.sql = "(" + c.sql + " OR EXISTS (SELECT 1 FROM court_duties cd WHERE cd.client_id = " + string(t) + ".client_id" +
			" AND cd.probation_id = ? AND cd.ended_at IS NULL AND cd.from_date <= ? AND cd.until_date >= ?))"
		c.args = append(c.args, org, today, today)
	}
	return c
}

// supervisedNow leaves a probation office the referrals of those it supervises now: with the
// consent or the duty ends what it hears of a person's attendance.
func (s *Session) supervisedNow(q *gorm.DB) *gorm.DB {
	if s.actor.OrganisationKind != models.KindProbation {
		return q
	}
	today, org := s.today(), s.actor.OrganisationID
	return q.Where("(EXISTS (SELECT 1 FROM consents sk WHERE sk.id = referrals.supervision_id AND sk.recipient_id = ? AND sk.state = 'given' AND sk.from_date <= ? AND sk.until_date >= ?)"+
		" OR EXISTS (SELECT 1 FROM court_duties sd WHERE sd.id = referrals.supervision_id AND sd.probation_id = ? AND sd.ended_at IS NULL AND sd.from_date <= ? AND sd.until_date >= ?))",
		org, today, today, org, today, today)
}

// visits is what an NGO's worker needs beside consent for the record that a prison health
// unit keeps of a person who is held: the agreement with the institution, with its annex on
// data; the worker's own pass; and a referral that the NGO accepted. When one lapses, the
// next call reaches nothing. What the community recorded is read by consent alone, whoever
// holds the person: shutting it would tell everybody it was shared with of the arrest.
func (s *Session) visits(today models.Date) condition {
	if s.actor.OrganisationKind != models.KindNGO {
		return condition{}
	}
	org := s.actor.OrganisationID
	return condition{" AND (NOT EXISTS (SELECT 1 FROM organisations ro WHERE ro.id = rc.organisation_id AND ro.kind = 'prison_health')" +
		" OR NOT EXISTS (SELECT 1 FROM custody_spells hs WHERE hs.person_id = rc.person_id AND " + heldNow + ")" +
		" OR EXISTS (SELECT 1 FROM custody_spells hs" +
		" JOIN agreements ag ON ag.institution_id = hs.institution_id AND ag.ngo_id = ? AND ag.state = 'active' AND ag.data_annex AND ag.valid_from <= ? AND ag.valid_until >= ?" +
		" JOIN access_passes ap ON ap.agreement_id = ag.id AND ap.user_id = ? AND ap.state = 'active' AND ap.valid_from <= ? AND ap.valid_until >= ?" +
		" JOIN clients fc ON fc.person_id = hs.person_id" +
		" JOIN referrals ar ON ar.from_client_id = fc.id AND ar.to_organisation_id = ? AND ar.state IN ('accepted', 'appointment_fixed', 'attended', 'no_show', 're_engagement') AND ar.supervision_id = ''" +
		" WHERE hs.person_id = rc.person_id AND " + heldNow + "))",
		[]any{org, today, today, s.actor.UserID, today, today, org}}
}

// reachByEmergency is the actor's own break-glass for the person, while it lasts.
func (s *Session) reachByEmergency(t table) condition {
	if !t.ofClient() {
		return condition{}
	}
	return condition{"EXISTS (SELECT 1 FROM clients rc JOIN break_glass bg ON bg.person_id = rc.person_id AND bg.user_id = ? AND bg.expires_at > ? WHERE rc.id = " + string(t) + ".client_id)",
		[]any{s.actor.UserID, s.store.now()}}
}

// inbox is what a person may settle of the commands that met another state: their own, and
// those of colleagues with the same role, who may do the same and stand in for one who left.
func (s *Session) inbox(q *gorm.DB) *gorm.DB {
	return q.Where("sync_conflicts.organisation_id = ? AND (sync_conflicts.user_id = ? OR sync_conflicts.role = ?)",
		s.actor.OrganisationID, s.actor.UserID, s.actor.Role)
}
