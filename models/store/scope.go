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
	auditTable         table = "audit_events"
	editionTable       table = "editions"
	facilityLimitTable table = "facility_limits"
)

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
	var parts []string
	var args []any
	for _, relation := range s.grants[category][verb] {
		c := s.reach(t, relation, category)
		if c.sql != "" {
			parts = append(parts, c.sql)
			args = append(args, c.args...)
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
		case organisationTable, releaseTable, auditTable, editionTable, facilityLimitTable:
			return condition{sql: "1 = 1"}
		}
	case models.Country: // one deployment serves one country
		switch t {
		case organisationTable:
			return s.ministryOr("organisations.id = ?")
		case userTable:
			return s.ministryOr("users.organisation_id = ?")
		}
	case models.Own:
		switch t {
		case referralTable:
			return condition{"referrals.from_organisation_id = ? OR referrals.to_organisation_id = ?", []any{org, org}}
		case clientTable, consentTable, episodeTable, changeTable:
			return condition{string(t) + ".organisation_id = ?", []any{org}}
		}
	case models.Team:
		return s.reachByTeam(t)
	case models.Consented:
		return s.reachByConsent(t, category)
	}
	return condition{}
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
func (s *Session) reachByTeam(t table) condition {
	if t != episodeTable || s.actor.OrganisationKind != models.KindClinic {
		return condition{}
	}
	org := s.actor.OrganisationID
	return condition{"EXISTS (" + samePerson + "JOIN episodes oe ON oe.client_id = mc.id AND oe.end_date = '' " +
		"JOIN persons p ON p.id = rc.person_id AND p.responsible_id = ? " +
		"JOIN organisations ro ON ro.id = rc.organisation_id AND ro.kind IN ('clinic', 'prison_health') WHERE rc.id = episodes.client_id" +
		" AND NOT EXISTS (SELECT 1 FROM consents w JOIN clients wc ON wc.id = w.client_id WHERE wc.person_id = rc.person_id" +
		" AND w.state IN ('given', 'withdrawn', 'invalid') AND (w.recipient_id = ? OR w.recipient_kind = ?)))",
		[]any{org, org, org, s.actor.OrganisationKind}}
}

// healthService reports whether the organisation treats: such a one, with an open episode,
// is told who is responsible (treats).
func (s *Session) healthService() bool {
	kind := s.actor.OrganisationKind
	return kind == models.KindClinic || kind == models.KindPrisonHealth
}

// reachByConsent: a consent in force today names the actor's organisation, covers the
// category and has a purpose that fits it. It was given for the person, so it must
// have been recorded by the organisation whose record is read.
func (s *Session) reachByConsent(t table, category models.Category) condition {
	if t != episodeTable {
		return condition{}
	}
	today := s.today()
	return condition{"EXISTS (" + samePerson + "JOIN consents k ON k.client_id = rc.id WHERE rc.id = episodes.client_id" +
		" AND k.state = 'given' AND k.from_date <= ? AND k.until_date >= ? AND k.purpose IN ?" +
		" AND (k.recipient_id = ? OR k.recipient_kind = ?) AND k.categories LIKE ?)",
		[]any{s.actor.OrganisationID, today, today, models.PurposesFor(category), s.actor.OrganisationID, s.actor.OrganisationKind, `%"` + string(category) + `"%`}}
}
