package storetest

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"jol/models"
	"jol/models/store"
)

// Each check makes a database of its own: a dozen are enough for every run, and
// -rapid.checks=1000 asks for a long one.
func init() { _ = flag.Set("rapid.checks", "12") }

// The reference model: what happened, in the plainest words.
type (
	modelRecord struct {
		org    *models.Organisation
		handle string
		person int // records of one number are one person
		sex    string
	}
	modelConsent struct {
		id         string
		record     int
		purpose    models.Purpose
		to         models.OrganisationID
		kind       models.OrganisationKind // of the recipients, instead of one
		categories []models.Category
		until      models.Date
		withdrawn  bool
	}
	modelReferral struct {
		id       string
		from     int // record
		to       *models.Organisation
		consent  []int // one of these it may rest on
		reason   string
		state    string
		version  int64
		accepted int // the receiver's record; -1 before
		sent     time.Time
	}
	modelEpisode struct {
		id     string
		record int
		open   bool
		began  time.Time
	}
)

type reference struct {
	t  *rapid.T
	c  *Country
	ws []Worker

	records   []modelRecord
	consents  []modelConsent
	referrals []modelReferral
	episodes  []modelEpisode
	persons   int
	// responsible is in whose charge a person is.
	responsible map[int]models.OrganisationID
}

func (m *reference) worker(o *models.Organisation) Worker {
	return m.ws[slices.IndexFunc(m.ws, func(w Worker) bool { return w.Actor.OrganisationID == o.ID })]
}

func (m *reference) pick(what string, n int) int { return rapid.IntRange(0, n-1).Draw(m.t, what) }

func (m *reference) ok(err error, doing string) {
	if err != nil {
		m.t.Fatalf("%s: %v", doing, err)
	}
}

// register uses few people, so that codes match across organisations all the time.
func (m *reference) register() {
	w := m.ws[m.pick("organisation", len(m.ws))]
	r := Someone(m.pick("person", 3))
	r.Distinct = true
	got, _, err := w.New().RegisterClient(ctx, r)
	m.ok(err, "register")
	m.persons++
	m.responsible[m.persons] = w.Actor.OrganisationID
	m.records = append(m.records, modelRecord{m.organisation(w.Actor.OrganisationID), got.Handle(), m.persons, r.Sex})
}

func (m *reference) consent() {
	if len(m.records) == 0 {
		return
	}
	i := m.pick("record", len(m.records))
	k := modelConsent{
		record: i, purpose: rapid.SampledFrom([]models.Purpose{models.PurposeReferral, models.PurposeTreatmentContinuity, models.PurposeDoseContinuity}).Draw(m.t, "purpose"),
		to:         m.ws[m.pick("recipient", len(m.ws))].Actor.OrganisationID,
		categories: rapid.SampledFrom([][]models.Category{{}, {models.CatTreatmentFact}, {models.CatTreatmentFact, models.CatDiagnosis}, {models.CatDiagnosis}}).Draw(m.t, "categories"),
		until:      m.c.Today().AddDays(m.pick("days", 3)),
	}
	if m.pick("to a kind", 4) == 0 {
		k.to, k.kind = "", m.organisation(k.to).Kind
	}
	got, _, err := m.worker(m.records[i].org).New().GiveConsent(ctx, m.records[i].handle, models.NewConsent{Purpose: k.purpose, RecipientID: k.to, RecipientKind: k.kind, Categories: k.categories, Until: k.until})
	m.ok(err, "consent")
	k.id = got.ID
	m.consents = append(m.consents, k)
}

func (m *reference) inForce(k modelConsent) bool { return !k.withdrawn && m.c.Today() <= k.until }

// names says whether a consent is about an organisation.
func (k *modelConsent) names(o *models.Organisation) bool { return k.to == o.ID || k.kind == o.Kind }

func (m *reference) refer() {
	if len(m.records) == 0 {
		return
	}
	i, w := m.pick("record", len(m.records)), m.ws[m.pick("receiver", len(m.ws))]
	from := m.records[i]
	if w.Actor.OrganisationID == from.org.ID {
		return
	}
	var fitting []int
	to := m.organisation(w.Actor.OrganisationID)
	for n, k := range m.consents {
		if k.record == i && k.names(to) && k.purpose != models.PurposeDoseContinuity && m.inForce(k) {
			fitting = append(fitting, n)
		}
	}
	ask := Asking(to)
	ask.Reason = rapid.SampledFrom([]string{"release", "release", "infection_link"}).Draw(m.t, "reason")
	got, _, err := m.worker(from.org).New().CreateReferral(ctx, from.handle, ask)
	if len(fitting) == 0 {
		if !models.IsKind(err, models.KindConflict) {
			m.t.Fatalf("referred without consent: %v", err)
		}
		return
	}
	m.ok(err, "refer")
	last := slices.MaxFunc(fitting, func(a, b int) int { return compareDates(m.consents[a].until, m.consents[b].until) })
	fitting = slices.DeleteFunc(fitting, func(n int) bool { return m.consents[n].until != m.consents[last].until })
	m.referrals = append(m.referrals, modelReferral{id: got.ID, from: i, to: to, consent: fitting[:1], reason: ask.Reason, state: "sent", version: 1, accepted: -1, sent: m.c.Now()})
	m.c.Advance(time.Millisecond)
}

func compareDates(a, b models.Date) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (m *reference) organisation(id models.OrganisationID) *models.Organisation {
	all := m.c.All()
	return all[slices.IndexFunc(all, func(o *models.Organisation) bool { return o.ID == id })]
}

func (m *reference) move() {
	if len(m.referrals) == 0 {
		return
	}
	r := &m.referrals[m.pick("referral", len(m.referrals))]
	party := rapid.SampledFrom([]string{"receiver", "receiver", "sender"}).Draw(m.t, "party")
	action := rapid.SampledFrom(moves).Draw(m.t, "action")
	w := m.worker(m.records[r.from].org)
	if party == "receiver" {
		w = m.worker(r.to)
	}
	var accept store.Acceptance
	same := -1
	if action == "acceptance" && w.Actor.Role.Clinical() {
		for n, record := range m.records { // perhaps a clinician recognises a record
			if record.org.ID == r.to.ID && rapid.Bool().Draw(m.t, "recognised") {
				same, accept.SameAs = n, record.handle
			}
		}
	}
	got, err := w.TryMove(r.id, r.version, action, accept)
	next, allowed := machine[r.state][party+" "+action]
	if allowed && party == "receiver" && !m.inForce(m.consents[r.consent[0]]) {
		allowed = false
	}
	if allowed && same >= 0 && !m.joinable(same, r.from) {
		if !models.IsKind(err, models.KindConflict) || !strings.Contains(err.Error(), "referral.not_same_person") {
			m.t.Fatalf("%s was confirmed as %s: %v", m.records[same].handle, m.records[r.from].handle, err)
		}
		return
	}
	if !allowed {
		if !models.IsKind(err, models.KindConflict) {
			m.t.Fatalf("%s %s from %s: %v", party, action, r.state, err)
		}
		return
	}
	m.ok(err, action)
	r.state, r.version = next, r.version+1
	if action == "acceptance" {
		m.accepted(r, same, got.ClientCode)
	}
}

// joinable: a record may be confirmed as the sender's person unless the sex is another or
// others' records hang on it.
func (m *reference) joinable(own, from int) bool {
	mine, theirs := m.records[own], m.records[from]
	if mine.person == theirs.person {
		return true
	}
	return mine.sex == theirs.sex && !slices.ContainsFunc(m.records, func(x modelRecord) bool { return x.person == mine.person && x.org.ID != mine.org.ID })
}

// accepted joins the records: the one the clinician named, else one joined before, else a new
// one. The receiver takes the person over from a responsible sender. A link to infection care
// takes nobody over, but a receiver in charge that was treating before it was sent keeps whom it has.
func (m *reference) accepted(r *modelReferral, same int, handle string) {
	from := m.records[r.from]
	if same < 0 {
		same = slices.IndexFunc(m.records, func(x modelRecord) bool { return x.org.ID == r.to.ID && x.person == from.person })
	}
	if same < 0 {
		m.records = append(m.records, modelRecord{r.to, handle, from.person, from.sex})
		same = len(m.records) - 1
	}
	was := m.records[same].person
	treated := slices.ContainsFunc(m.episodes, func(e modelEpisode) bool { return e.record == same && e.open && e.began.Before(r.sent) })
	if m.responsible[from.person] == from.org.ID && (r.reason != "infection_link" || treated && was != from.person && m.responsible[was] == r.to.ID) {
		m.responsible[from.person] = r.to.ID
	}
	for i := range m.records {
		if m.records[i].person == was {
			m.records[i].person = from.person
		}
	}
	// Of several records of one person at one receiver any may be meant.
	r.accepted = slices.IndexFunc(m.records, func(x modelRecord) bool { return x.org.ID == r.to.ID && x.handle == handle })
	if r.accepted < 0 || m.records[r.accepted].person != from.person {
		m.t.Fatalf("the receiver's record is called %s, which is not a record of the person", handle)
	}
}

// change merges two records of an organisation, or splits one off, with two signatures.
func (m *reference) change() {
	i := m.pick("record", len(m.records))
	record := &m.records[i]
	w := m.worker(record.org)
	signs := w.Colleague()
	if record.org.Kind == models.KindNGO {
		signs = m.c.As(models.RoleNGOCoordinator, record.org)
	}
	kind, with, person := "split", "", m.persons+1
	if rapid.Bool().Draw(m.t, "merge") {
		other := m.records[m.pick("other", len(m.records))]
		if other.org.ID != record.org.ID || other.person == record.person {
			return
		}
		kind, with, person = "merge", other.handle, other.person
	}
	m.c.change(m.c.t, w, signs, record.handle, kind, with)
	was := record.person
	record.person = person
	if kind == "split" {
		m.persons++
		m.responsible[person] = record.org.ID
	}
	m.keep(was)
}

// keep hands over a person whom the responsible organisation has no record of any more.
func (m *reference) keep(person int) {
	longest, treats := -1, -1
	for i, record := range m.records {
		if record.person != person {
			continue
		}
		if record.org.ID == m.responsible[person] {
			return
		}
		if longest < 0 {
			longest = i
		}
		if treats < 0 && slices.ContainsFunc(m.episodes, func(e modelEpisode) bool { return e.record == i && e.open }) {
			treats = i
		}
	}
	if treats >= 0 {
		longest = treats
	}
	if longest >= 0 {
		m.responsible[person] = m.records[longest].org.ID
	}
}

// take puts a record's person into the charge of its organisation, and perhaps another record
// to the person, behind the service's back: it makes teams, which are rare otherwise.
func (m *reference) take() {
	i, n := m.pick("record", len(m.records)), m.pick("other", len(m.records))
	record, other := &m.records[i], m.records[n]
	t, was := m.c.t, record.person
	to := m.c.person(t, other.org, other.handle)
	from := m.c.person(t, record.org, record.handle)
	code, localNo, err := models.ParseClientCode(record.handle)
	m.ok(err, "parse")
	m.c.exec(t, "UPDATE clients SET person_id = ? WHERE organisation_id = ? AND code = ? AND local_no = ?", to, string(record.org.ID), string(code), localNo)
	record.person = other.person
	m.responsible[record.person] = record.org.ID
	m.keep(was)
	m.c.exec(t, "UPDATE persons SET responsible_id = ? WHERE id = ?", string(m.responsible[was]), from)
	m.c.exec(t, "UPDATE persons SET responsible_id = ? WHERE id = ?", string(record.org.ID), to)
}

func (m *reference) withdraw() {
	if len(m.consents) == 0 {
		return
	}
	i := m.pick("consent", len(m.consents))
	_, _, err := m.worker(m.records[m.consents[i].record].org).New().WithdrawConsent(ctx, m.consents[i].id)
	m.ok(err, "withdraw")
	if m.consents[i].withdrawn {
		return
	}
	m.consents[i].withdrawn = true
	for n := range m.referrals {
		if r := &m.referrals[n]; r.consent[0] == i && len(machine[r.state]) > 0 {
			r.state, r.version = "consent_withdrawn", r.version+1
		}
	}
}

func (m *reference) episode() {
	if len(m.records) == 0 {
		return
	}
	i := m.pick("record", len(m.records))
	w := m.worker(m.records[i].org)
	if n := slices.IndexFunc(m.episodes, func(e modelEpisode) bool { return e.record == i && e.open }); n >= 0 {
		_, err := w.On(1).CloseEpisode(ctx, m.episodes[n].id, models.EpisodeClosure{On: m.c.Today(), Reason: "1"})
		m.ok(err, "close episode")
		m.episodes[n].open = false
		return
	}
	e, _, err := w.New().StartEpisode(ctx, m.records[i].handle, Treatment(m.c.Today()), "")
	m.ok(err, "start episode")
	m.episodes = append(m.episodes, modelEpisode{e.ID, i, true, m.c.Now()})
	m.c.Advance(time.Millisecond) // before or after a referral, never at once with it
}

// reaches says whether a worker sees an episode for a category: the confidentiality
// rules once more, as loops instead of SQL.
func (m *reference) reaches(w Worker, e modelEpisode, category models.Category) bool {
	writer, org := m.records[e.record], w.Actor.OrganisationID
	health := func(k models.OrganisationKind) bool { return k == models.KindClinic || k == models.KindPrisonHealth }
	for _, relation := range grantsOf(w.Actor.Role)[category][models.Read] {
		switch relation {
		case models.Own:
			if writer.org.ID == org {
				return true
			}
		case models.Team:
			if w.Actor.OrganisationKind != models.KindClinic || !health(writer.org.Kind) || m.responsible[writer.person] != org {
				continue
			}
			if slices.ContainsFunc(m.consents, func(k modelConsent) bool {
				return m.records[k.record].person == writer.person && k.names(m.organisation(org))
			}) {
				continue // the client has spoken about this clinic
			}
			for _, other := range m.episodes {
				if at := m.records[other.record]; other.open && at.org.ID == org && at.person == writer.person {
					return true
				}
			}
		case models.Consented:
			for _, k := range m.consents {
				if k.record == e.record && k.names(m.organisation(org)) && k.purpose != models.PurposeDoseContinuity && m.inForce(k) && slices.Contains(k.categories, category) {
					return true
				}
			}
		}
	}
	return false
}

// wrote: what an organisation wrote it always reads, in the roles that read episodes.
func (m *reference) wrote(w Worker, e modelEpisode) bool {
	return m.records[e.record].org.ID == w.Actor.OrganisationID && grantsOf(w.Actor.Role).Through(models.CatEpisode, models.Read, models.Own)
}

// look compares everything every worker sees with what the reference says.
func (m *reference) look() {
	for _, record := range m.records {
		if got := m.c.responsible(m.c.t, record.org, record.handle); got != m.responsible[record.person] {
			m.t.Fatalf("%s is in the charge of %s, want %s", record.handle, m.organisation(got).Name, m.organisation(m.responsible[record.person]).Name)
		}
	}
	m.c.everybodyIsKept(m.c.t)
	for _, w := range m.ws {
		m.lookAtReferrals(w)
		for i, record := range m.records {
			p, err := w.New().GetPathway(ctx, record.handle)
			if record.org.ID != w.Actor.OrganisationID {
				// The handle may be this organisation's own record of a namesake.
				own := slices.ContainsFunc(m.records, func(x modelRecord) bool { return x.org.ID == w.Actor.OrganisationID && x.handle == record.handle })
				if !own && !models.IsKind(err, models.KindNotFound) {
					m.t.Fatalf("%s sees a client of %s: %v", w.Actor.OrganisationName, record.org.Name, err)
				}
				continue
			}
			m.ok(err, "pathway")
			got, want := map[string]bool{}, map[string]bool{}
			for _, e := range p.Episodes {
				got[e.ID] = e.Whole
			}
			for _, e := range m.episodes {
				if m.records[e.record].person == m.records[i].person && m.reaches(w, e, models.CatTreatmentFact) {
					want[e.id] = m.reaches(w, e, models.CatDiagnosis) || m.wrote(w, e)
				}
			}
			if !maps.Equal(got, want) {
				m.t.Fatalf("%s sees of %s the episodes %v, want %v", w.Actor.Role, record.handle, got, want)
			}
		}
	}
}

func (m *reference) lookAtReferrals(w Worker) {
	want := map[string]string{}
	for _, r := range m.referrals {
		from := m.records[r.from]
		whole, code := true, from.handle
		switch w.Actor.OrganisationID {
		case from.org.ID:
		case r.to.ID:
			whole = m.inForce(m.consents[r.consent[0]]) && (r.state != "cancelled" || r.accepted >= 0)
			code = ""
			if r.accepted >= 0 {
				code = m.records[r.accepted].handle
			}
		default:
			if _, err := w.New().GetReferral(ctx, r.id); !models.IsKind(err, models.KindNotFound) {
				m.t.Fatalf("%s sees a referral of others: %v", w.Actor.OrganisationName, err)
			}
			continue
		}
		want[r.id] = fmt.Sprint(r.state, whole, code)
	}
	page, err := w.New().ListReferrals(ctx, store.PartyFilter{}, store.Paging{Limit: 200})
	m.ok(err, "list")
	got := map[string]string{}
	for _, r := range page.Items {
		code := r.ClientCode
		if r.Party == models.Receiver && r.ToClientID == "" {
			code = ""
		}
		got[r.ID] = fmt.Sprint(r.State, r.Whole, code)
	}
	if !maps.Equal(got, want) {
		m.t.Fatalf("%s sees the referrals %v, want %v", w.Actor.OrganisationName, got, want)
	}
}

func TestProperty_ASessionSeesWhatTheReferenceSays(t *testing.T) {
	t.Parallel()
	for engine, longest := range map[string]int{"sqlite": 40, "postgres": 24} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) {
				w := NewWorld(t, engine)
				defer w.Close()
				c := w.Settle(t, grantsOf)
				m := &reference{t: rt, c: c, responsible: map[int]models.OrganisationID{}, ws: []Worker{
					c.As(models.RoleClinician, c.Clinic), c.As(models.RoleNurse, c.Polyclinic),
					c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleNGOOutreach, c.NGO), c.As(models.RoleSocialWorker, c.OtherNGO),
				}}
				steps := []func(){
					m.register, m.consent, m.consent, m.refer, m.refer, m.move, m.move, m.move, m.withdraw, m.episode, m.episode,
					m.change, m.take,
					func() { c.Advance(24 * time.Hour) },
				}
				for range 2 {
					m.register()
				}
				for i := range rapid.IntRange(longest/2, longest).Draw(rt, "steps") {
					steps[rapid.IntRange(0, len(steps)-1).Draw(rt, "step")]()
					if i%10 == 9 {
						m.look()
					}
				}
				m.look()
			})
		})
	}
}
