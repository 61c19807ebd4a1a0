package storetest

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"jol/models"
	"jol/models/store"
)

// A second reference model: who reads what of one person, while consents are given,
// narrowed, renewed, refused, withdrawn, found invalid and run out, the person is taken into
// custody and released, an NGO's agreement and pass lapse, and doctors break glass. The
// rules of scope.go once more, as loops instead of SQL.
type (
	careConsent struct {
		id          string
		version     int64
		by          int // the record it was said at
		to          models.OrganisationID
		kind        models.OrganisationKind
		purpose     models.Purpose
		categories  []models.Category
		from, until models.Date
		state       string
	}
	careItem struct {
		id       string
		by       int
		kind     string // episode, order, or a kind of entry
		category models.Category
		open     bool
		version  int64
	}
	careGlass struct {
		user models.UserID
		ends time.Time
	}
)

type careModel struct {
	t       *rapid.T
	c       *Country
	ws      []Worker // one an organisation; the record of the same index is its own
	handles []string
	charge  models.OrganisationID
	ngo     int

	consents []careConsent
	items    []careItem
	glass    []careGlass
	referral int // the consent that the NGO's accepted referral rests on
	accepted bool
	held     *store.SeenSpell
	partner  *partnership
	pass     *store.SeenPass
	passIs   string
}

func (m *careModel) ok(err error, doing string) {
	if err != nil {
		m.t.Fatalf("%s: %v", doing, err)
	}
}

func (m *careModel) pick(what string, n int) int { return rapid.IntRange(0, n-1).Draw(m.t, what) }

// careWorld is a person whom the colony's health unit knew first and whom two clinics and an
// NGO have accepted: the first clinic is in charge.
func careWorld(t *testing.T, rt *rapid.T, c *Country) *careModel {
	m := &careModel{t: rt, c: c, charge: c.Clinic.ID, ngo: 3, passIs: "active", accepted: true, ws: []Worker{
		c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleClinician, c.Clinic), c.As(models.RoleClinician, c.Polyclinic), c.enrol(c.As(models.RoleNGOOutreach, c.NGO)),
	}}
	m.handles = []string{m.ws[0].Register(1)}
	for i, o := range []*models.Organisation{c.Clinic, c.Polyclinic, c.NGO} {
		var categories []models.Category
		if o == c.NGO { // what an NGO may read is lost in many ways: begin with something
			categories = careCategories
		}
		k := m.ws[0].Give(m.handles[0], models.PurposeReferral, o, categories...)
		m.handles = append(m.handles, m.ws[i+1].Move(m.ws[0].Refer(m.handles[0], Asking(o)), "acceptance").ClientCode)
		if o == c.Clinic { // of whom the client then says nothing: else it would never be a team
			c.exec(t, "DELETE FROM referrals WHERE consent_id = ?", k.ID)
			c.exec(t, "DELETE FROM consents WHERE id = ?", k.ID)
			continue
		}
		m.consents = append(m.consents, careConsent{id: k.ID, version: 1, to: o.ID, purpose: k.Purpose, categories: categories, from: k.FromDate, until: k.UntilDate, state: models.ConsentGiven})
	}
	m.referral = len(m.consents) - 1
	for _, by := range []int{0, 1} {
		m.items = append(m.items, careItem{id: m.ws[by].Start(m.handles[by]).ID, by: by, kind: "episode", category: models.CatTreatmentFact, open: true, version: 1})
	}
	if rapid.Bool().Draw(rt, "held") {
		m.custody()
	}
	m.partner = partners(t, c)
	m.pass = m.partner.passFor(t, c, m.ws[m.ngo])
	return m
}

func (m *careModel) names(k *careConsent, w Worker) bool {
	return k.to == w.Actor.OrganisationID || k.kind == w.Actor.OrganisationKind
}

func (m *careModel) inForce(k *careConsent) bool {
	today := m.c.Today()
	return k.state == models.ConsentGiven && k.from <= today && today <= k.until
}

var careCategories = []models.Category{models.CatTreatmentFact, models.CatDiagnosis, models.CatInfection, models.CatOAT}

func (m *careModel) give() {
	to := m.pick("recipient", len(m.ws))
	by := (to + 1 + m.pick("by", len(m.ws)-1)) % len(m.ws)
	k := careConsent{version: 1, by: by, to: m.ws[to].Actor.OrganisationID, from: m.c.Today(), until: m.c.Today().AddDays(m.pick("days", 3)), state: models.ConsentGiven,
		purpose: rapid.SampledFrom([]models.Purpose{models.PurposeReferral, models.PurposeTreatmentContinuity, models.PurposeDoseContinuity}).Draw(m.t, "purpose")}
	for _, c := range careCategories {
		if rapid.Bool().Draw(m.t, string(c)) {
			k.categories = append(k.categories, c)
		}
	}
	if m.pick("to a kind", 5) == 0 {
		k.to, k.kind = "", m.ws[to].Actor.OrganisationKind
	}
	if m.pick("refused", 8) == 0 {
		k.state = models.ConsentRefused
	}
	got, _, err := m.ws[by].New().GiveConsent(ctx, m.handles[by], models.NewConsent{State: k.state, Purpose: k.purpose, RecipientID: k.to, RecipientKind: k.kind, Categories: k.categories, Until: k.until})
	m.ok(err, "give")
	k.id = got.ID
	m.consents = append(m.consents, k)
}

// change narrows, renews, withdraws or invalidates a consent.
func (m *careModel) change() {
	i := m.pick("consent", len(m.consents))
	k := &m.consents[i]
	w := m.ws[k.by]
	switch how := rapid.SampledFrom([]string{"fewer", "shorter", "renewal", "withdrawal", "invalidity"}).Draw(m.t, "how"); how {
	case "fewer", "shorter":
		move := models.ConsentMove{Until: m.c.Today()}
		if how == "fewer" {
			left := slices.Clone(k.categories[:len(k.categories)/2])
			move = models.ConsentMove{Categories: &left}
		}
		_, err := w.On(k.version).MoveConsent(ctx, k.id, "narrowing", move)
		if !m.inForce(k) {
			if !models.IsKind(err, models.KindConflict) {
				m.t.Fatalf("narrowed what is not in force: %v", err)
			}
			return
		}
		m.ok(err, "narrow")
		if k.version++; how == "fewer" {
			k.categories = *move.Categories
		} else {
			k.until = move.Until
		}
	case "renewal":
		until := max(k.until, m.c.Today()).AddDays(2)
		_, err := w.On(k.version).MoveConsent(ctx, k.id, "renewal", models.ConsentMove{Until: until})
		if k.state != models.ConsentGiven {
			if !models.IsKind(err, models.KindConflict) {
				m.t.Fatalf("renewed what is %s: %v", k.state, err)
			}
			return
		}
		m.ok(err, "renew")
		k.version++
		if k.until < m.c.Today() {
			k.from = m.c.Today()
		}
		k.until = until
	default:
		m.end(i, how)
	}
}

func (m *careModel) end(i int, how string) {
	k := &m.consents[i]
	var err error
	next := models.ConsentWithdrawn
	if how == "withdrawal" {
		_, _, err = m.ws[k.by].New().WithdrawConsent(ctx, k.id)
	} else {
		next = models.ConsentInvalid
		_, _, err = m.ws[k.by].New().InvalidateConsent(ctx, k.id, "capacity_doubted")
	}
	if k.state != models.ConsentGiven && k.state != next {
		if !models.IsKind(err, models.KindConflict) {
			m.t.Fatalf("%s of what is %s: %v", how, k.state, err)
		}
		return
	}
	m.ok(err, how)
	m.ended(i, next)
}

func (m *careModel) ended(i int, state string) {
	if k := &m.consents[i]; k.state == models.ConsentGiven {
		k.state = state
		k.version++
	}
	if i == m.referral {
		m.accepted = false
	}
}

// write adds to somebody's record.
func (m *careModel) write() {
	by := m.pick("writer", len(m.ws)-1) // the NGO writes no health record
	w, item := m.ws[by], careItem{by: by, open: true, version: 1}
	switch m.pick("what", 4) {
	case 0:
		if n := slices.IndexFunc(m.items, func(x careItem) bool { return x.by == by && x.kind == "episode" && x.open }); n >= 0 {
			_, err := w.On(m.items[n].version).CloseEpisode(ctx, m.items[n].id, models.EpisodeClosure{On: m.c.Today(), Reason: "1"})
			m.ok(err, "close")
			m.items[n].open = false
			return
		}
		item.id, item.kind, item.category = w.Start(m.handles[by]).ID, "episode", models.CatTreatmentFact
	case 1:
		item.id, item.kind, item.category = w.Record(m.handles[by], diagnosisOn(m.c.Today(), "6C43.2")).EntryID, string(models.EntryDiagnosis), models.CatDiagnosis
	case 2:
		item.id, item.kind, item.category = w.Record(m.handles[by], &models.InfectionTest{On: m.c.Today(), Test: "HIV", Result: "neg"}).EntryID, string(models.EntryTest), models.CatInfection
	case 3:
		if n := slices.IndexFunc(m.items, func(x careItem) bool { return x.kind == "order" }); n >= 0 { // at most one a person
			_, _, err := m.ws[m.items[n].by].New().RecordDose(ctx, m.items[n].id, models.NewDose{Status: models.DoseGiven, At: m.c.Now(), DoseUg: 60_000, HasDose: true, Witnessed: true, GuardReason: "tolerance_known"}, dosing())
			m.ok(err, "dose")
			return
		}
		item.id, item.kind, item.category = w.Treat(m.handles[by], 60).ID, "order", models.CatOAT
	}
	m.items = append(m.items, item)
}

func (m *careModel) custody() {
	medic := m.ws[0]
	if m.held != nil {
		medic.free(m.held, rapid.Bool().Draw(m.t, "planned"))
		m.held = nil
		return
	}
	m.c.Advance(time.Millisecond) // after the referrals: what was accepted before a stay is no acceptance of its release
	at := m.c.Now()
	s, _, err := medic.New().OpenSpell(ctx, m.handles[0], models.NewSpell{Basis: "pre_trial", AdmittedAt: &at})
	m.ok(err, "hold")
	m.held = s
}

// gate suspends and resumes the agreement or the pass.
func (m *careModel) gate() {
	p := m.partner
	if rapid.Bool().Draw(m.t, "agreement") {
		action := "suspension"
		if p.agreement.State == models.AgreementSuspended {
			action = "resumption"
		}
		m.ok(p.try(p.head, action), action)
		return
	}
	action := "suspension"
	if m.passIs != "active" {
		action = "resumption"
	}
	pass, err := p.movePass(m.pass, p.head, action)
	if action == "resumption" && p.agreement.State != models.AgreementActive && models.IsKind(err, models.KindConflict) {
		return
	}
	m.ok(err, action)
	m.pass, m.passIs = pass, pass.State
}

func (m *careModel) breakGlass() {
	w := m.ws[m.pick("doctor", 3)]
	hours := 1 + m.pick("hours", 3)
	_, _, err := w.New().BreakGlass(ctx, m.handles[slices.IndexFunc(m.ws, func(x Worker) bool { return x.Actor.UserID == w.Actor.UserID })], emergency(hours))
	m.ok(err, "break glass")
	m.glass = append(m.glass, careGlass{w.Actor.UserID, m.c.Now().Add(time.Duration(hours) * time.Hour)})
}

// wait moves the clock, to the very second where something ends too.
func (m *careModel) wait() {
	midnight := models.StartOfDay(m.c.Today().AddDays(1), "Asia/Almaty")
	switch m.pick("until", 4) {
	case 0:
		m.c.Advance(time.Hour)
	case 1:
		if left := midnight.Sub(m.c.Now()); left > time.Millisecond {
			m.c.Advance(left - time.Millisecond)
		}
	case 2:
		m.c.now.Store(midnight.UnixMilli())
	case 3:
		for _, g := range m.glass {
			if left := g.ends.Sub(m.c.Now()); left > 0 {
				m.c.Advance(left - time.Duration(m.pick("just before", 2))*time.Millisecond)
				return
			}
		}
	}
}

func health(w Worker) bool {
	return w.Actor.OrganisationKind == models.KindClinic || w.Actor.OrganisationKind == models.KindPrisonHealth
}

// reaches says whether a worker reads an item for a category, and why not.
func (m *careModel) reaches(w Worker, item careItem, category models.Category) bool {
	writer := m.ws[item.by]
	for _, relation := range grantsOf(w.Actor.Role)[category][models.Read] {
		var yes bool
		switch relation {
		case models.Own:
			yes = writer.Actor.OrganisationID == w.Actor.OrganisationID
		case models.Team:
			yes = w.Actor.OrganisationKind == models.KindClinic && health(writer) && m.charge == w.Actor.OrganisationID &&
				slices.ContainsFunc(m.items, func(x careItem) bool {
					return x.kind == "episode" && x.open && m.ws[x.by].Actor.OrganisationID == w.Actor.OrganisationID
				}) && !slices.ContainsFunc(m.consents, func(k careConsent) bool { return m.names(&k, w) })
		case models.InCustody:
			yes = w.Actor.OrganisationKind == models.KindPrisonHealth && m.held != nil && writer.Actor.OrganisationKind == models.KindPrisonHealth
		case models.Consented:
			yes = m.let(w, writer) && slices.ContainsFunc(m.consents, func(k careConsent) bool {
				return k.by == item.by && m.names(&k, w) && m.inForce(&k) && slices.Contains(k.categories, category) && slices.Contains(models.PurposesFor(category), k.purpose)
			})
		case models.Emergency:
			yes = slices.ContainsFunc(m.glass, func(g careGlass) bool { return g.user == w.Actor.UserID && m.c.Now().Before(g.ends) })
		}
		if yes {
			return true
		}
	}
	return false
}

// let says whether an NGO's worker is let in to what prison health keeps of somebody held; what
// others shared custody does not shut.
func (m *careModel) let(w, writer Worker) bool {
	return w.Actor.OrganisationKind != models.KindNGO || writer.Actor.OrganisationKind != models.KindPrisonHealth || m.held == nil ||
		m.accepted && m.partner.agreement.State == models.AgreementActive && m.passIs == "active"
}

// look compares what workers read, by list and by id, with what the model says.
func (m *careModel) look(who ...int) {
	for _, i := range who {
		w := m.ws[i]
		p, err := w.New().GetPathway(ctx, m.handles[i])
		m.ok(err, "pathway")
		got, want := map[string]bool{}, map[string]bool{}
		for _, e := range p.Episodes {
			got[e.ID] = e.Whole
		}
		lists := map[string][]string{"order": {}, string(models.EntryDiagnosis): {}, string(models.EntryTest): {}}
		for _, item := range m.items {
			reach := m.reaches(w, item, item.category)
			if item.kind == "episode" {
				if reach {
					want[item.id] = m.reaches(w, item, models.CatDiagnosis) || item.by == i
				}
				continue
			}
			if reach {
				lists[item.kind] = append(lists[item.kind], item.id)
			}
			m.lookAt(w, item, reach)
		}
		if !maps.Equal(got, want) {
			m.t.Fatalf("%s sees the episodes %v, want %v", w.Actor.OrganisationName, got, want)
		}
		for kind, want := range lists {
			if got := m.list(w, i, kind); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
				m.t.Fatalf("%s lists of %s %v, want %v", w.Actor.OrganisationName, kind, got, want)
			}
		}
	}
}

func (m *careModel) list(w Worker, i int, kind string) (ids []string) {
	if kind == "order" {
		if len(grantsOf(w.Actor.Role)[models.CatOAT][models.Read]) == 0 {
			return nil
		}
		orders, err := w.New().ListDoseOrders(ctx, m.handles[i], dosing())
		m.ok(err, "orders")
		for _, o := range orders {
			ids = append(ids, o.ID)
		}
	} else {
		page, err := w.New().ListEntries(ctx, m.handles[i], models.EntryKind(kind), store.Paging{Limit: 100})
		m.ok(err, "entries")
		for _, e := range page.Items {
			ids = append(ids, e.EntryID)
		}
	}
	slices.Sort(ids)
	return ids
}

// lookAt reads one item by its id.
func (m *careModel) lookAt(w Worker, item careItem, reach bool) {
	reads := map[string]func() error{"entry": func() error { _, err := w.New().GetEntry(ctx, item.id); return err }}
	if item.kind == "order" {
		reads = map[string]func() error{
			"order": func() error { _, err := w.New().GetDoseOrder(ctx, item.id, dosing()); return err },
			"doses": func() error { _, err := w.New().ListDoses(ctx, item.id, store.Paging{Limit: 10}); return err },
		}
	}
	for name, read := range reads {
		if err := read(); (err == nil) != reach || err != nil && !models.IsKind(err, models.KindNotFound) {
			m.t.Fatalf("%s reads the %s of %s: %v, want %v", w.Actor.OrganisationName, name, m.ws[item.by].Actor.OrganisationName, err, reach)
		}
	}
}

// race ends one consent while everybody reads: what was shown was shown before.
func (m *careModel) race() {
	var live []int
	for i := range m.consents {
		if m.inForce(&m.consents[i]) {
			live = append(live, i)
		}
	}
	if len(live) == 0 || len(m.items) == 0 {
		return
	}
	i := live[m.pick("which", len(live))]
	k := m.consents[i]
	before := m.c.lastSeq(m.c.t)
	errs := make([]error, 13)
	together(len(errs), func(n int) {
		if n == 0 {
			_, _, errs[n] = m.ws[k.by].New().WithdrawConsent(ctx, k.id)
			return
		}
		w, at := m.ws[n%len(m.ws)], n%len(m.ws)
		switch n / len(m.ws) {
		case 0:
			_, errs[n] = w.New().GetPathway(ctx, m.handles[at])
		case 1:
			_, errs[n] = w.New().ListEntries(ctx, m.handles[at], models.EntryTest, store.Paging{Limit: 100})
		default:
			_, errs[n] = w.New().ListEntries(ctx, m.handles[at], models.EntryDiagnosis, store.Paging{Limit: 100})
		}
	})
	for n, err := range errs {
		if err != nil && (n == 0 || !models.IsKind(err, models.KindNotFound)) {
			m.t.Fatalf("racing %d: %v", n, err)
		}
	}
	m.ended(i, models.ConsentWithdrawn)
	gone := false
	for _, e := range m.c.events(m.c.t, before) {
		if e.Action == "consent.withdraw" {
			gone = true
			continue
		}
		if !gone || e.Outcome != "ok" {
			continue
		}
		for _, item := range m.items {
			w := slices.IndexFunc(m.ws, func(w Worker) bool { return string(w.Actor.UserID) == e.Actor })
			if w >= 0 && slices.Contains(e.Objects, item.id) && !m.reaches(m.ws[w], item, item.category) {
				m.t.Fatalf("event %d shows %s a %s after the withdrawal", e.Seq, m.ws[w].Actor.OrganisationName, item.kind)
			}
		}
	}
	if !gone {
		m.t.Fatal("no withdrawal in the trail")
	}
}

// entered checks the disclosure log: nothing was told on a consent after it ended.
func (m *careModel) entered() {
	if n := count(m.c.t, m.c.World, "disclosures d JOIN consents k ON k.id = d.consent_id WHERE k.withdrawn_at IS NOT NULL AND d.at > k.withdrawn_at"); n != 0 {
		m.t.Fatal(fmt.Sprint(n, " disclosures stand in the log after the end of their consent"))
	}
}

func TestProperty_CareIsReadAsTheReferenceSays(t *testing.T) {
	t.Parallel()
	for engine, longest := range map[string]int{"sqlite": 40, "postgres": 24} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) {
				w := NewWorld(t, engine)
				defer w.Close()
				m := careWorld(t, rt, w.Settle(t, grantsOf))
				steps := []func(){m.give, m.give, m.give, m.change, m.change, m.change, m.write, m.write, m.custody, m.gate, m.gate, m.breakGlass, m.wait, m.wait, m.race}
				for i := range rapid.IntRange(longest/2, longest).Draw(rt, "steps") {
					steps[m.pick("step", len(steps))]()
					if i%8 == 7 {
						m.look(m.pick("who", len(m.ws)))
					}
				}
				m.look(0, 1, 2, 3)
				m.entered()
			})
		})
	}
}
