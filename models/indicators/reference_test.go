package indicators

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"jol/models"
)

// The reference is slow and obvious: it knows days as numbers, keeps sets of days, and
// walks them. It shares nothing with the counting code but the rows, the period and the
// names of codes.

// at turns a date into a number of days; no date is -1.
func at(d models.Date) int {
	if d == "" {
		return -1
	}
	t, err := time.Parse("2006-01-02", string(d))
	if err != nil {
		panic(err)
	}
	return int(t.Unix() / 86400)
}

func dateAt(day int) (y, m, d int) {
	t := time.Unix(int64(day)*86400, 0).UTC()
	return t.Year(), int(t.Month()), t.Day()
}

// anniversary counts months by hand: the same day of the month, or the last one there is.
func anniversary(day, months int) int {
	y, m, d := dateAt(day)
	m += months
	for m > 12 {
		y, m = y+1, m-12
	}
	for ; ; d-- {
		t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
		if int(t.Month()) == m {
			return int(t.Unix() / 86400)
		}
	}
}

// refDays are the days the reference walks: wide enough for every row drawn.
var refDays = [2]int{at("2023-06-01"), at("2028-12-31")}

// ref is one client as the reference sees it on a day.
type ref struct {
	rows       ClientRows
	from, to   int // the period
	asOf       int
	quarter    bool
	rules      Rules
	structured []refEpisode
	others     []refEpisode // not structured, not in error
	cached     []refJourney
}

type refEpisode struct {
	row        EpisodeRow
	start, end int // end: last active day as seen on asOf
	formal     int // recorded end known on asOf, -1
	last       int // last contact known
	contacts   []int
	reason     string
}

func newRef(c ClientRows, f Frame) *ref {
	r := &ref{from: at(f.Period.Start()), to: at(f.Period.End()), asOf: at(f.AsOf), quarter: f.Period.IsQuarter(), rules: f.Rules}
	seen := func(on, knownOn models.Date) bool { return at(on) <= r.asOf && at(knownOn) <= r.asOf }
	for _, e := range c.Episodes {
		if !seen(e.Start, e.KnownOn) {
			continue
		}
		x := refEpisode{row: e, start: at(e.Start), formal: -1, last: at(e.Start)}
		if e.End != "" && seen(e.End, e.EndKnownOn) {
			x.formal, x.reason = at(e.End), e.EndReason
		}
		for _, k := range e.Contacts {
			if seen(k.On, k.KnownOn) {
				x.contacts = append(x.contacts, at(k.On))
				x.last = max(x.last, at(k.On))
			}
		}
		x.end = r.asOf
		if x.formal >= 0 {
			x.end = x.formal
		} else if r.asOf-x.last >= 183 {
			x.end = x.last
		}
		switch {
		case x.reason == "11":
		case e.Structured:
			r.structured = append(r.structured, x)
		default:
			r.others = append(r.others, x)
		}
	}
	r.rows = c
	return r
}

func (r *ref) in(day int) bool { return day >= 0 && r.from <= day && day <= r.to }

func (r *ref) seen(on, knownOn models.Date) bool {
	return on != "" && at(on) <= r.asOf && at(knownOn) <= r.asOf
}

// day sets

type daySet map[int]bool

func (s daySet) fill(from, to int) {
	for d := from; d <= to; d++ {
		s[d] = true
	}
}

// runs walks the days and parts the set where more than gap days lie between two members.
func (s daySet) runs(gap int) (all [][2]int) {
	last := -1
	for d := refDays[0]; d <= refDays[1]; d++ {
		if !s[d] {
			continue
		}
		if last < 0 || d-last > gap {
			all = append(all, [2]int{d, d})
		}
		all[len(all)-1][1] = d
		last = d
	}
	return all
}

// entries by the two rules

func (r *ref) entry(alcohol bool) *refEpisode {
	year, _, _ := dateAt(r.from)
	var best *refEpisode
	for i := range r.structured {
		e := &r.structured[i]
		y, _, _ := dateAt(e.start)
		if y != year || (e.row.PrimaryDrug == "80") != alcohol {
			continue
		}
		blocked := false
		for _, o := range r.structured {
			if o.start >= e.start {
				continue
			}
			if r.rules.Entry == "TDI-DIS" {
				blocked = blocked || o.formal < 0 || o.formal >= e.start
				continue
			}
			for d := e.start - 182; d < e.start; d++ {
				lost := o.formal < 0 && e.start-o.last >= 183
				active := d >= o.start && (o.formal < 0 || d <= o.formal) && (!lost || d <= o.last)
				blocked = blocked || active
			}
		}
		if !blocked && (best == nil || e.start < best.start) {
			best = e
		}
	}
	if best == nil || !r.in(best.start) {
		return nil
	}
	return best
}

// journeys by walking the days

type refJourney struct {
	start, end int
	done       bool
	drugs      bool
	first      refEpisode
}

func (r *ref) journeys() (all []refJourney) {
	if r.cached != nil {
		return r.cached
	}
	defer func() { r.cached = all }()
	covered := daySet{}
	for _, e := range r.structured {
		covered.fill(e.start, e.end)
	}
	for _, run := range covered.runs(21) {
		j := refJourney{start: run[0], end: run[1], done: true}
		for _, e := range r.structured {
			if e.start == j.start {
				j.first = e
			}
			j.drugs = j.drugs || e.row.PrimaryDrug != "80" && e.start >= j.start && e.start <= j.end
			if e.start >= j.start && e.end == j.end {
				j.done = j.done && (e.reason == "1" || e.reason == "2")
			}
		}
		all = append(all, j)
	}
	return all
}

// agonist treatment by walking the days

func (r *ref) oatDays(wanted func(models.OATRow) bool) daySet {
	on := daySet{}
	for _, row := range r.rows.OAT {
		if !wanted(row) {
			continue
		}
		limit := r.asOf
		if row.End != "" && r.seen(row.End, row.EndKnownOn) {
			limit = at(row.End)
		}
		dosed := daySet{}
		for _, run := range row.Doses {
			if r.seen(run.From, run.KnownOn) {
				dosed.fill(at(run.From), min(at(run.To), limit))
			}
		}
		last := -1
		for d := refDays[0]; d <= limit; d++ {
			if dosed[d] {
				if last >= 0 && d-last < 30 {
					on.fill(last, d)
				}
				on[d] = true
				last = d
			}
		}
		if last >= 0 && limit-last < 30 {
			on.fill(last, limit)
		}
	}
	return on
}

func anyOAT(models.OATRow) bool { return true }

func inPrison(sector string) bool { return sector == "prison" }

// releases

type refRelease struct {
	linked, competing, referred, oat, opioid, bridged bool
}

func (r *ref) releases() (all []refRelease) {
	type spell struct {
		row         models.CustodyRow
		admit, exit int
	}
	var spells []spell
	for _, s := range r.rows.Custody {
		if s.Admitted != "" && !r.seen(s.Admitted, s.KnownOn) {
			continue
		}
		exit := -1
		if r.seen(s.Exit, s.ExitKnownOn) {
			exit = at(s.Exit)
		}
		spells = append(spells, spell{s, at(s.Admitted), exit})
	}
	slices.SortStableFunc(spells, func(a, b spell) int { return a.exit - b.exit })
	for i, s := range spells {
		if !r.in(s.exit) || s.row.ExitReason != "released" || s.row.AgeAtExit >= 0 && s.row.AgeAtExit < 18 {
			continue
		}
		var treated *refEpisode
		for k := range r.structured {
			e := &r.structured[k]
			lostBefore := e.formal < 0 && s.exit-e.last >= 183 && e.last < s.exit
			endedBefore := e.formal >= 0 && e.formal < s.exit
			completedThen := e.formal == s.exit && (e.reason == "1" || e.reason == "2")
			if inPrison(e.row.Sector) && e.start <= s.exit && !lostBefore && !endedBefore && !completedThen && (treated == nil || e.start < treated.start) {
				treated = e
			}
		}
		if treated == nil {
			continue
		}
		x := refRelease{oat: r.oatDays(anyOAT)[s.exit], opioid: treated.row.PrimaryDrug[0] == '1'}
		for day := s.exit; day <= s.exit+21; day++ {
			for _, e := range r.structured {
				if e.row.Sector == "clinic" || e.row.Sector == "ngo" {
					x.linked = x.linked || e.start == day
					x.linked = x.linked || e.start < s.exit && slices.Contains(e.contacts, day) && (e.formal < 0 || day <= e.formal)
				}
			}
			for _, e := range slices.Concat(r.structured, r.others) {
				x.competing = x.competing || e.formal == day && e.reason == "8"
			}
			for k, o := range spells {
				x.competing = x.competing || k != i && o.admit == day || o.exit == day && o.row.ExitReason == "died"
			}
			for _, e := range r.rows.Entries {
				x.competing = x.competing || r.seen(e.On, e.KnownOn) && e.Kind == "overdose" && e.Result == "died" && at(e.On) == day
			}
		}
		for _, f := range r.rows.Referrals {
			x.referred = x.referred || r.seen(f.SentOn, f.KnownOn) && f.FromSector == "prison" && at(f.SentOn) >= s.admit && at(f.SentOn) <= s.exit
		}
		if r.seen(s.row.CommunityDoseOn, s.row.CommunityDoseKnownOn) {
			dose := at(s.row.CommunityDoseOn)
			x.bridged = dose == s.exit || dose == s.exit+1
		}
		all = append(all, x)
	}
	return all[:min(3, len(all))]
}

// entries of the record

func (r *ref) entries(wanted func(models.EntryRow) bool) (found []models.EntryRow) {
	for _, e := range r.rows.Entries {
		if r.seen(e.On, e.KnownOn) && wanted(e) {
			found = append(found, e)
		}
	}
	slices.SortStableFunc(found, func(a, b models.EntryRow) int { return at(a.On) - at(b.On) })
	return found
}

func (r *ref) known(day models.Date) int {
	if day == "" || at(day) > r.asOf {
		return -1
	}
	return at(day)
}

func (r *ref) supplied() []models.EntryRow {
	return r.entries(func(e models.EntryRow) bool {
		return e.Kind == "contact" && e.Code == "NSP" && e.Quantity > 0 && r.in(at(e.On))
	})
}

func (r *ref) injects() bool {
	injecting, latest := "", -1
	for _, e := range slices.Concat(r.structured, r.others) {
		if e.start <= r.to && e.start > latest {
			injecting, latest = e.row.Injecting, e.start
		}
	}
	return injecting == "2.2" || injecting == "2.3" || len(r.supplied()) > 0
}

// activeIn lists structured episodes with an active day between two days.
func (r *ref) activeIn(from, to int) (found []refEpisode) {
	for _, e := range r.structured {
		for d := from; d <= to; d++ {
			if e.start <= d && d <= e.end {
				found = append(found, e)
				break
			}
		}
	}
	return found
}

func one(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// reference gives denominator and numerator of every indicator that is counted.
var reference = map[string]func(*ref) (den, num int64){
	"TDI01":  func(r *ref) (int64, int64) { return one(r.entry(false) != nil), 0 },
	"TDI01A": func(r *ref) (int64, int64) { return one(r.entry(true) != nil), 0 },
	"TDI01S": func(r *ref) (int64, int64) {
		groups := map[byte]bool{}
		if e := r.entry(false); e != nil {
			for _, drug := range e.row.Items.SecondaryDrugs {
				if drug != "" {
					groups[drug[0]] = true // the generator draws codes whose first digit is the group
				}
			}
		}
		return int64(len(groups)), 0
	},
	"TDI02": func(r *ref) (int64, int64) {
		e := r.entry(false)
		return one(e != nil && e.row.PreviousTreatment != "99"), one(e != nil && e.row.PreviousTreatment == "1")
	},
	"TDI03": func(r *ref) (int64, int64) {
		for _, e := range r.activeIn(r.from, r.to) {
			if e.row.PrimaryDrug != "80" {
				return 1, 0
			}
		}
		return 0, 0
	},
	"TDI05": func(r *ref) (int64, int64) {
		e := r.entry(false)
		return one(e != nil && e.row.Injecting != "3" && e.row.Injecting != "99"), one(e != nil && e.row.Injecting == "2.3")
	},
	"TDI06": func(r *ref) (den, num int64) {
		e := r.entry(false)
		if e == nil {
			return 0, 0
		}
		i := e.row.Items
		for _, code := range []string{
			e.row.CentreType, e.row.PreviousTreatment, e.row.ReferralSource, e.row.Sex, i.LivingWith, i.Children, i.LivingWhere, i.Labour, i.Education,
			e.row.PrimaryDrug, e.row.Route, i.Frequency, i.Polydrug, i.OST, e.row.Injecting, i.HIVTest, i.HCVTest, i.Sharing,
		} {
			den++
			num += one(code != "" && code != "99")
		}
		den += 2
		num += one(e.row.AgeAtStart >= 0) + one(i.AgeFirstUse > 0)
		if i.OST == "2" || i.OST == "3" {
			den++
			num += one(i.AgeFirstOST > 0)
		}
		if e.row.Injecting[0] == '2' {
			den++
			num += one(i.AgeFirstInjection > 0)
		}
		return den, num
	},
	"OAT01": func(r *ref) (int64, int64) {
		on := r.oatDays(anyOAT)[r.to]
		contact := on
		for _, e := range slices.Concat(r.structured, r.others) {
			contact = contact || e.row.PrimaryDrug[0] == '1' && e.start <= r.to && e.end >= r.to
		}
		return one(contact), one(on)
	},
	"OAT02": func(r *ref) (den, num int64) {
		days := r.oatDays(anyOAT)
		for d := r.from; d <= r.to; d++ {
			den += one(days[d])
		}
		return den, 0
	},
	"OAT03": func(r *ref) (int64, int64) { return r.retained(6) },
	"OAT04": func(r *ref) (int64, int64) { return r.retained(12) },
	"OAT05": func(r *ref) (int64, int64) {
		for _, row := range r.rows.OAT { // the generator gives courses that do not overlap
			if !r.oatDays(func(o models.OATRow) bool { return slices.Equal(o.Doses, row.Doses) })[r.to] || row.Medicine == "buprenorphine_depot" {
				continue
			}
			var in *models.DosePhase
			for i, p := range row.Phases {
				if at(p.From) <= r.to && at(p.KnownOn) <= r.asOf && (in == nil || at(p.From) > at(in.From)) {
					in = &row.Phases[i]
				}
			}
			if in != nil && in.Phase == "maintenance" {
				return 1, one(in.DailyUg >= map[string]int64{"methadone": 60000, "buprenorphine": 8000}[row.Medicine])
			}
		}
		return 0, 0
	},
	"OAT06": func(r *ref) (int64, int64) {
		on := r.oatDays(func(o models.OATRow) bool { return inPrison(o.Sector) })[r.to]
		held := on
		for _, e := range r.activeIn(r.to, r.to) {
			held = held || inPrison(e.row.Sector) && e.row.PrimaryDrug[0] == '1'
		}
		return one(held), one(on)
	},
	"COC21": func(r *ref) (den, num int64) {
		for _, x := range r.releases() {
			den, num = den+1, num+one(x.linked)
		}
		return den, num
	},
	"COC21X": func(r *ref) (den, num int64) {
		for _, x := range r.releases() {
			if x.linked || !x.competing {
				den, num = den+1, num+one(x.linked)
			}
		}
		return den, num
	},
	"COC21R": func(r *ref) (den, num int64) {
		for _, x := range r.releases() {
			den, num = den+1, num+one(x.referred)
		}
		return den, num
	},
	"COC01": func(r *ref) (den, num int64) {
		for _, x := range r.releases() {
			if x.oat && x.opioid {
				den, num = den+1, num+one(x.bridged)
			}
		}
		return den, num
	},
	"REF01": func(r *ref) (den, num int64) {
		for _, f := range r.referrals(func(f ReferralRow) bool { return r.in(at(f.SentOn)) }) {
			wait := -1
			if r.seen(f.AttendedOn, f.AttendedKnownOn) {
				wait = at(f.AttendedOn) - at(f.SentOn)
			}
			den, num = den+1, num+one(wait >= 0 && wait <= 30)
		}
		return den, num
	},
	"WAITQ": func(r *ref) (den, num int64) {
		for _, f := range r.referrals(func(f ReferralRow) bool {
			gone := f.ClosedOn != "" && at(f.ClosedOn) <= min(r.to, r.asOf) || r.seen(f.AttendedOn, f.AttendedKnownOn) && at(f.AttendedOn) <= r.to
			return at(f.SentOn) <= r.to && !gone
		}) {
			den, num = den+1, num+one(r.to-at(f.SentOn) >= 22)
		}
		return den, num
	},
	"WAIT21": func(r *ref) (den, num int64) {
		for _, j := range r.journeys() {
			referred := at(j.first.row.ReferredOn)
			if r.in(j.start) && j.first.row.PrimaryDrug != "80" && referred >= 0 && referred <= j.start && den < 3 {
				den, num = den+1, num+one(j.start-referred <= 21)
			}
		}
		return den, num
	},
	"RET12": func(r *ref) (den, num int64) {
		for _, j := range r.journeys() {
			if r.in(j.start) && j.first.row.PrimaryDrug != "80" && den < 3 {
				den, num = den+1, num+one(j.end-j.start >= 84 || j.done)
			}
		}
		return den, num
	},
	"COMP": func(r *ref) (den, num int64) {
		from := r.to
		for y, m, d := dateAt(r.to); ; from-- { // back to the day after the same day last year
			if yy, mm, dd := dateAt(from - 1); yy == y-1 && mm == m && dd == d {
				break
			}
		}
		for _, j := range r.journeys() {
			num = max(num, one(j.done && j.drugs && from <= j.end && j.end <= r.to))
		}
		for _, e := range r.activeIn(from, r.to) {
			if e.row.PrimaryDrug != "80" {
				return 1, num
			}
		}
		return 0, 0
	},
	"REPRES6": func(r *ref) (den, num int64) {
		for _, j := range r.journeys() {
			if j.done && j.drugs && r.in(j.end) && den == 0 {
				den = 1
				for _, k := range r.journeys() {
					num = max(num, one(k.start-j.end >= 1 && k.start-j.end <= 182))
				}
			}
		}
		return den, num
	},
	"NSP01": func(r *ref) (int64, int64) {
		return one(r.accesses()), one(r.accesses() && len(r.supplied()) > 0)
	},
	"NSP02": func(r *ref) (int64, int64) {
		given := daySet{}
		for _, e := range r.supplied() {
			given[at(e.On)] = true
		}
		regular := true
		for first := r.from; first+29 <= r.to; first++ {
			some := false
			for d := first; d < first+30; d++ {
				some = some || given[d]
			}
			regular = regular && some
		}
		if r.rules.Supply == "monthly_average" {
			regular = r.quarter && len(given) >= 3 || len(given) >= 12
		}
		return one(r.accesses()), one(r.accesses() && regular)
	},
	"NSP03": func(r *ref) (den, num int64) {
		for _, e := range r.supplied() {
			den += e.Quantity
		}
		return min(den, 500), 0
	},
	"NAL01": func(r *ref) (int64, int64) {
		treated, anOpioid := false, false
		for _, e := range r.activeIn(r.from, r.to) {
			treated = treated || e.row.PrimaryDrug[0] == '1'
		}
		for _, e := range slices.Concat(r.structured, r.others) {
			anOpioid = anOpioid || e.start <= r.to && e.row.PrimaryDrug[0] == '1'
		}
		in := treated || anOpioid && r.atNSP()
		given := len(r.entries(func(e models.EntryRow) bool { return e.Kind == "naloxone" && e.Quantity > 0 && r.in(at(e.On)) })) > 0
		for _, s := range r.rows.Custody {
			given = given || r.seen(s.Admitted, s.KnownOn) && r.seen(s.Exit, s.ExitKnownOn) && s.ExitReason == "released" && r.in(at(s.Exit)) && s.Naloxone == "supplied"
		}
		return one(in), one(in && given)
	},
	"HTS01": func(r *ref) (int64, int64) {
		in := len(r.activeIn(r.from, r.to)) > 0 || r.atNSP()
		tested := false
		for _, e := range r.entries(func(e models.EntryRow) bool { return e.Kind == "test" && e.Code == "HIV" }) {
			in = in && !(e.Result == "pos" && at(e.On) < r.from)
			tested = tested || r.in(at(e.On)) && e.Result != "not_returned" && r.in(r.known(e.ReturnedOn))
		}
		return one(in), one(in && tested)
	},
	"HTS02": func(r *ref) (den, num int64) {
		found := r.entries(func(e models.EntryRow) bool { return e.Kind == "test" && e.Code == "HIV" && e.Result == "pos" })
		if len(found) == 0 || !r.in(at(found[0].On)) {
			return 0, 0
		}
		for _, e := range found {
			num = max(num, one(r.in(r.known(e.LinkedOn))))
		}
		return 1, num
	},
	"HCV01": func(r *ref) (int64, int64) {
		attended := len(r.entries(func(e models.EntryRow) bool {
			return r.in(at(e.On)) && (e.Kind == "naloxone" || e.Kind == "contact" && (e.Code == "NSP" || e.Code == "OUTREACH" || e.Code == "COUNSEL"))
		})) > 0
		tested := len(r.entries(func(e models.EntryRow) bool {
			return r.in(at(e.On)) && e.Kind == "test" && (e.Code == "HCV_AB" || e.Code == "HCV_RNA")
		})) > 0
		return one(attended), one(attended && tested)
	},
	"HCV02": func(r *ref) (den, num int64) {
		found := r.entries(func(e models.EntryRow) bool { return e.Kind == "test" && e.Code == "HCV_RNA" && e.Result == "pos" })
		for _, e := range found {
			if !r.in(at(e.On)) {
				continue
			}
			for _, other := range found {
				linked := r.known(other.LinkedOn)
				num = max(num, one(linked >= at(e.On) && linked <= at(e.On)+90))
			}
			return 1, num
		}
		return 0, 0
	},
	"SDG351": func(r *ref) (int64, int64) {
		drugs, alcohol := false, false
		for _, e := range r.activeIn(r.from, r.to) {
			drugs, alcohol = drugs || e.row.PrimaryDrug != "80", alcohol || e.row.PrimaryDrug == "80"
		}
		return one(drugs) + one(alcohol), 0
	},
}

func (r *ref) retained(months int) (int64, int64) {
	for _, run := range r.oatDays(anyOAT).runs(21) {
		if r.in(run[0]) {
			return 1, one(run[1] >= anniversary(run[0], months))
		}
	}
	return 0, 0
}

func (r *ref) referrals(wanted func(ReferralRow) bool) (found []ReferralRow) {
	for _, f := range r.rows.Referrals {
		if r.seen(f.SentOn, f.KnownOn) && wanted(f) {
			found = append(found, f)
		}
	}
	slices.SortStableFunc(found, func(a, b ReferralRow) int { return at(a.SentOn) - at(b.SentOn) })
	return found[:min(3, len(found))]
}

func (r *ref) atNSP() bool {
	return len(r.entries(func(e models.EntryRow) bool { return e.Kind == "contact" && e.Code == "NSP" && r.in(at(e.On)) })) > 0
}

func (r *ref) accesses() bool {
	visited := len(r.entries(func(e models.EntryRow) bool {
		return e.Kind == "contact" && (e.NSPOffered || e.Code == "NSP") && r.in(at(e.On))
	})) > 0
	return visited && r.injects()
}

// randomClient draws a client around 2026, with days near the limits of the rules often.
// No two rows of a kind begin on one day: what ties mean is tested by the order test.
func randomClient(rng *rand.Rand) ClientRows {
	base := models.Date("2026-01-01")
	taken := map[string]map[models.Date]bool{}
	fresh := func(kind string, d models.Date) models.Date {
		if taken[kind] == nil {
			taken[kind] = map[models.Date]bool{}
		}
		for taken[kind][d] {
			d = d.AddDays(1)
		}
		taken[kind][d] = true
		return d
	}
	pick := func(codes ...string) string { return codes[rng.IntN(len(codes))] }
	late := func(d models.Date) models.Date { // when a fact of the day was recorded
		switch {
		case d == "" || rng.IntN(3) > 0:
			return ""
		case rng.IntN(2) == 0:
			return d
		}
		return d.AddDays(rng.IntN(120))
	}
	near := func() int {
		return []int{0, 1, 2, 20, 21, 22, 23, 29, 30, 31, 83, 84, 85, 90, 91, 181, 182, 183, 184}[rng.IntN(19)]
	}
	after := func(d models.Date) models.Date {
		if rng.IntN(2) == 0 {
			return d.AddDays(near())
		}
		return d.AddDays(rng.IntN(220))
	}
	anyDay := func() models.Date { return base.AddDays(rng.IntN(700) - 300) }
	var marks []models.Date // days that later rows like to be near to
	mark := func() models.Date {
		if len(marks) > 0 && rng.IntN(3) > 0 {
			return after(marks[rng.IntN(len(marks))])
		}
		return anyDay()
	}
	c := ClientRows{SDCKey: int64(rng.Uint64()), Scope: models.Scopes[rng.IntN(3)]}
	var free models.Date // of agonist treatment
	for range rng.IntN(3) {
		s := models.CustodyRow{Region: pick(testCountry.Regions...), Sex: pick("F", "M"), AgeAtExit: 15 + rng.IntN(20), Admitted: fresh("admission", mark().AddDays(-100))}
		s.KnownOn = late(s.Admitted)
		if rng.IntN(6) > 0 {
			s.Exit, s.ExitReason, s.Naloxone = fresh("exit", after(s.Admitted)), pick("released", "released", "released", "died", "other"), pick("supplied", "refused", "")
			s.ExitKnownOn = late(s.Exit)
			if rng.IntN(3) > 0 {
				s.CommunityDoseOn = s.Exit.AddDays(rng.IntN(3))
				s.CommunityDoseKnownOn = late(s.CommunityDoseOn)
			}
			if rng.IntN(3) > 0 { // treated there
				treated := EpisodeRow{
					Region: s.Region, Sector: "prison", Sex: s.Sex, AgeAtStart: s.AgeAtExit, CentreType: "3", PrimaryDrug: pick("11", "32"), Structured: true,
					Start: fresh("episode", s.Admitted), PreviousTreatment: "2", ReferralSource: "1", Route: "1", Injecting: "2.1",
				}
				treated.LastContact = treated.Start
				if rng.IntN(2) == 0 && treated.Start <= s.Exit {
					treated.End, treated.EndReason, treated.LastContact = s.Exit, pick("1", "3", "3"), s.Exit
				}
				c.Episodes = append(c.Episodes, treated)
				if s.Admitted > free && rng.IntN(2) == 0 {
					c.OAT = append(c.OAT, models.OATRow{
						Region: s.Region, Sector: "prison", Sex: s.Sex, AgeAtStart: 30, Medicine: "methadone", End: s.Exit,
						Doses: []models.DoseRun{{From: s.Admitted, To: s.Exit.AddDays(rng.IntN(3))}},
					})
					free = s.Exit.AddDays(3)
				}
			}
			marks = append(marks, s.Exit, s.Exit, s.Admitted)
		}
		c.Custody = append(c.Custody, s)
	}
	for range rng.IntN(5) {
		e := EpisodeRow{
			Region: pick(testCountry.Regions...), Sector: pick("clinic", "ngo", "prison"), Setting: pick("facility", "community", ""), Sex: pick("F", "M"),
			AgeAtStart: rng.IntN(60) - 1, CentreType: pick("1", "2", "3", "4", "99"), PrimaryDrug: pick("11", "19", "32", "71", "80", "99"),
			Structured: rng.IntN(5) > 0, Start: fresh("episode", mark()), PreviousTreatment: pick("1", "2", "99"), ReferralSource: pick("1", "6", "99"),
			Route: pick("1", "2", "99"), Injecting: pick("1", "2.1", "2.2", "2.3", "3", "99"),
			Items: models.TDIItems{
				LivingWith: pick("1", "99", ""), LivingWhere: pick("1", "99", ""), Children: pick("0", "1", "99"), Labour: pick("2", "99"), Education: pick("3", ""),
				Frequency: pick("1", "99"), AgeFirstUse: rng.IntN(3) * 10, SecondaryDrugs: [3]string{pick("", "11", "80"), pick("", "71", "12"), pick("", "21", "99")},
				Polydrug: pick("1", "2", "99"), OST: pick("1", "2", "3", "99"), AgeFirstOST: rng.IntN(2) * 20, AgeFirstInjection: rng.IntN(2) * 18,
				HIVTest: pick("1", "2.2", "99"), HCVTest: pick("1", "2.2", "99"), Sharing: pick("1", "2.3", "99"),
			},
		}
		if len(c.Custody) > 0 && c.Custody[0].Exit != "" && rng.IntN(2) == 0 { // begins after a release, or is open then
			e.Start = fresh("episode", c.Custody[0].Exit.AddDays([]int{-40, -1, 0, 5, 20, 21, 22, 23}[rng.IntN(8)]))
		}
		e.KnownOn = late(e.Start)
		if rng.IntN(3) > 0 {
			e.End, e.EndReason = after(e.Start), pick("1", "2", "3", "5", "8", "11")
			e.EndKnownOn = late(e.End)
		}
		for range rng.IntN(4) {
			on := after(e.Start)
			if e.End == "" || on <= e.End {
				e.Contacts = append(e.Contacts, models.ContactRow{On: on, KnownOn: late(on)})
			}
		}
		e.LastContact = max(e.Start, e.End)
		for _, k := range e.Contacts {
			e.LastContact = max(e.LastContact, k.On)
		}
		if rng.IntN(2) == 0 {
			e.ReferredOn = e.Start.AddDays(-near())
		}
		c.Episodes = append(c.Episodes, e)
		marks = append(marks, e.Start, max(e.Start, e.End))
	}
	from := max(mark(), free)
	for range rng.IntN(3) { // courses one after the other
		o := models.OATRow{
			Region: pick(testCountry.Regions...), Sector: pick("clinic", "prison"), Sex: pick("F", "M"), AgeAtStart: 20 + rng.IntN(20),
			Medicine: pick("methadone", "buprenorphine", "buprenorphine_depot"),
		}
		to := from
		for range 1 + rng.IntN(3) {
			to = after(from)
			if rng.IntN(4) == 0 {
				to = from.AddMonths(12).AddDays(rng.IntN(3) - 1)
			}
			o.Doses = append(o.Doses, models.DoseRun{From: from, To: to, KnownOn: late(from)})
			from = to.AddDays(1 + near())
		}
		if rng.IntN(2) == 0 {
			o.End = to.AddDays(rng.IntN(3) * 15)
			o.EndKnownOn = late(o.End)
		}
		for i := range rng.IntN(3) {
			p := models.DosePhase{From: o.Doses[0].From.AddDays(40*i + rng.IntN(40)), Phase: pick("induction", "maintenance", "maintenance", "reducing"), DailyUg: int64(rng.IntN(12)) * 8000}
			p.KnownOn = late(p.From)
			o.Phases = append(o.Phases, p)
		}
		from = max(from, o.End).AddDays(near())
		c.OAT = append(c.OAT, o)
	}
	for range rng.IntN(5) {
		r := ReferralRow{Region: pick(testCountry.Regions...), FromSector: pick("clinic", "prison"), ToSector: pick("clinic", "ngo"), Reason: pick("release", "other"), SentOn: fresh("referral", mark())}
		r.KnownOn = late(r.SentOn)
		if rng.IntN(2) == 0 {
			r.AttendedOn = after(r.SentOn)
			r.AttendedKnownOn = late(r.AttendedOn)
		} else if rng.IntN(2) == 0 {
			r.ClosedOn = after(r.SentOn)
		}
		c.Referrals = append(c.Referrals, r)
	}
	if rng.IntN(3) == 0 { // a regular of the needle service
		for d, to := anyDay(), anyDay(); d <= to; d = d.AddDays(10 + rng.IntN(23)) {
			c.Entries = append(c.Entries, models.EntryRow{Kind: "contact", Code: "NSP", Quantity: int64(rng.IntN(60)), Region: pick(testCountry.Regions...), Sector: "ngo", On: fresh("entry", d), KnownOn: late(d)})
		}
	}
	for range rng.IntN(7) {
		e := models.EntryRow{Region: pick(testCountry.Regions...), Sector: pick("ngo", "clinic", "prison"), Sex: pick("F", "M"), Age: 30, On: fresh("entry", mark())}
		e.KnownOn = late(e.On)
		switch rng.IntN(5) {
		case 0, 1:
			e.Kind, e.Code, e.NSPOffered = "contact", pick("NSP", "OUTREACH", "COUNSEL", "PSY", "DETOX", "RESREHAB"), rng.IntN(2) == 0
			e.Quantity = int64(rng.IntN(40))
		case 2, 3:
			e.Kind, e.Code, e.Result = "test", pick("HIV", "HCV_RNA", "HCV_AB", "TB"), pick("pos", "pos", "neg", "not_returned")
			if rng.IntN(3) > 0 {
				e.ReturnedOn = after(e.On)
			}
			if rng.IntN(2) == 0 {
				e.LinkedOn = after(e.On)
			}
		case 4:
			e.Kind, e.Quantity, e.Result = pick("naloxone", "overdose"), int64(rng.IntN(2)), pick("survived", "died")
		}
		c.Entries = append(c.Entries, e)
	}
	return c
}

func randomFrame(t testing.TB, rng *rand.Rand) Frame {
	f := Frame{Period: mustPeriod(t, []string{"2025", "2026", "2025Q4", "2026Q1", "2026Q2", "2026Q3"}[rng.IntN(6)]), Rules: DefaultRules}
	f.AsOf = f.Period.End().AddDays(rng.IntN(460) - 60)
	if rng.IntN(3) == 0 {
		f.Rules = Rules{Entry: RuleTDIDIS, Supply: SupplyMonthlyAverage}
	}
	return f
}

func TestCatalogue_EqualsASlowReference(t *testing.T) {
	t.Parallel()
	dens, nums := map[string]int64{}, map[string]int64{}
	for seed := range uint64(2500) {
		rng := rand.New(rand.NewPCG(seed, 5))
		c, f := randomClient(rng), randomFrame(t, rng)
		r := newRef(c, f)
		for _, i := range Catalogue {
			if i.Count == nil || !i.Fits(f.Period) {
				continue
			}
			den, num := counted(t, i.ID, f, c)
			slow, ok := reference[i.ID]
			if !ok {
				t.Fatalf("%s: write its slow reference, in the words of docs/indicators.md, into the map reference", i.ID)
			}
			wantDen, wantNum := slow(r)
			if den != wantDen || num != wantNum {
				t.Fatalf("%s, client %d, %s as of %s: %d of %d, the reference says %d of %d\n%+v", i.ID, seed, f.Period, f.AsOf, num, den, wantNum, wantDen, c)
			}
			dens[i.ID] += den
			nums[i.ID] += num
		}
	}
	for _, i := range Catalogue {
		if i.Count == nil {
			continue
		}
		if dens[i.ID] < 40 || i.Denominator != "" && (nums[i.ID] < 10 || nums[i.ID] >= dens[i.ID]) {
			t.Errorf("%s: %d of %d: the clients drawn do not try it", i.ID, nums[i.ID], dens[i.ID])
		}
		if i.Denominator == "" && nums[i.ID] != 0 {
			t.Errorf("%s is a plain count with a numerator", i.ID)
		}
	}
	for id := range reference { // TDI04 is derived, EWS01 counts reports: TestSignals_EqualASlowReference
		if i := slices.IndexFunc(Catalogue, func(i Indicator) bool { return i.ID == id }); i < 0 || Catalogue[i].Count == nil {
			t.Errorf("the reference knows %s, which the catalogue does not count", id)
		}
	}
}

// What the catalogue says of an indicator without counting: that the entry rule of the
// deployment decides it, and that nobody is in two quarters of a year. A release prints the
// first, the budget is worked out from the second.
func TestCatalogue_SaysWhichRuleAndHowOften(t *testing.T) {
	t.Parallel()
	other, byRule, twice := Rules{Entry: RuleTDIDIS, Supply: SupplyMonthlyAverage}, map[string]bool{}, map[string]bool{}
	for seed := range uint64(1500) {
		c := randomClient(rand.New(rand.NewPCG(seed, 8)))
		for _, i := range Catalogue {
			if i.Count == nil {
				continue
			}
			total := func(period string, rules Rules) (units int64) {
				f := frame(t, period, "2027-06-01")
				f.Rules = rules
				for _, fact := range i.Count(Known(c, f.AsOf), f) {
					units += fact.Units
				}
				return units
			}
			byRule[i.ID] = byRule[i.ID] || total("2026", DefaultRules) != total("2026", other)
			quarters := 0
			for _, q := range []string{"2026Q1", "2026Q2", "2026Q3", "2026Q4"} {
				if total(q, DefaultRules) > 0 {
					quarters++
				}
			}
			twice[i.ID] = twice[i.ID] || quarters > 1
		}
	}
	for _, i := range Catalogue {
		if i.Count == nil {
			continue
		}
		if named := i.RuleFor(DefaultRules) != i.RuleFor(other); named != byRule[i.ID] {
			t.Errorf("%s: the rule chosen changes its number: %v; its words: %v", i.ID, byRule[i.ID], named)
		}
		if twice[i.ID] && i.OncePerYear { // the other way round spends less than it says
			t.Errorf("%s counts somebody in two quarters, and says once a year", i.ID)
		}
	}
}

// codesOfFact lists a fact by every dimension that the indicator allows.
func codesOfFact(i Indicator, f Fact) string {
	text := f.Measure
	for _, d := range i.Breakdowns {
		text += "|" + f.code(d)
	}
	return text
}

func summary(i Indicator, facts []Fact) map[string]int64 {
	sum := map[string]int64{}
	for _, f := range facts {
		sum[codesOfFact(i, f)] += f.Units
	}
	return sum
}

// Ties of days are common here: the order of the rows must not matter for any attribute.
func TestCatalogue_NoOrderNoCapNoUnknownCode(t *testing.T) {
	t.Parallel()
	codes := map[string][]string{}
	for seed := range uint64(1000) {
		rng := rand.New(rand.NewPCG(seed, 6))
		c, f := randomClient(rng), randomFrame(t, rng)
		other := randomClient(rng)
		c.Episodes, c.Referrals, c.Custody = append(c.Episodes, other.Episodes...), append(c.Referrals, other.Referrals...), append(c.Custody, other.Custody...)
		c.OAT, c.Entries = append(c.OAT, other.OAT...), append(c.Entries, other.Entries...)
		for k := range c.Episodes { // rows on one day
			if k > 0 && rng.IntN(3) == 0 {
				e := &c.Episodes[k]
				e.Start, e.KnownOn = c.Episodes[k-1].Start, ""
				e.End = max(e.End, e.Start)
				if e.EndReason == "" {
					e.End = ""
				}
			}
		}
		for k := range c.Referrals {
			if k > 0 && rng.IntN(3) == 0 {
				c.Referrals[k].SentOn = c.Referrals[k-1].SentOn
			}
		}
		for k := range c.Entries {
			if k > 0 && rng.IntN(3) == 0 {
				c.Entries[k].On = c.Entries[k-1].On
			}
		}
		shuffled := ClientRows{
			SDCKey: c.SDCKey, Scope: c.Scope, Episodes: slices.Clone(c.Episodes), Referrals: slices.Clone(c.Referrals), Custody: slices.Clone(c.Custody),
			OAT: slices.Clone(c.OAT), Entries: slices.Clone(c.Entries),
		}
		for _, n := range []int{1, 2} {
			if n == 2 {
				slices.Reverse(shuffled.Episodes)
				slices.Reverse(shuffled.Custody)
			}
			rng.Shuffle(len(shuffled.Episodes), func(a, b int) {
				shuffled.Episodes[a], shuffled.Episodes[b] = shuffled.Episodes[b], shuffled.Episodes[a]
			})
			rng.Shuffle(len(shuffled.Referrals), func(a, b int) {
				shuffled.Referrals[a], shuffled.Referrals[b] = shuffled.Referrals[b], shuffled.Referrals[a]
			})
			rng.Shuffle(len(shuffled.Custody), func(a, b int) { shuffled.Custody[a], shuffled.Custody[b] = shuffled.Custody[b], shuffled.Custody[a] })
			rng.Shuffle(len(shuffled.OAT), func(a, b int) { shuffled.OAT[a], shuffled.OAT[b] = shuffled.OAT[b], shuffled.OAT[a] })
			rng.Shuffle(len(shuffled.Entries), func(a, b int) { shuffled.Entries[a], shuffled.Entries[b] = shuffled.Entries[b], shuffled.Entries[a] })
			for _, i := range Catalogue {
				if i.Count == nil || !i.Fits(f.Period) {
					continue
				}
				facts := i.Count(Known(c, f.AsOf), f)
				if err := withinCap(i, facts); err != nil {
					t.Fatalf("client %d: %v", seed, err)
				}
				for _, fact := range facts {
					for _, d := range i.Breakdowns {
						if codes[d] == nil {
							codes[d] = codesOf(d, testCountry)
						}
						if code := fact.code(d); !slices.Contains(codes[d], code) && (d != DimSex || code != "") {
							t.Fatalf("client %d, %s: %q is no %s", seed, i.ID, code, d)
						}
					}
					if fact.Units < 1 {
						t.Fatalf("client %d, %s: a fact of %d units", seed, i.ID, fact.Units)
					}
				}
				sums := summary(i, facts)
				for key, units := range sums {
					if rest, ok := strings.CutPrefix(key, MeasureNumerator); ok && units > sums[MeasureDenominator+rest] {
						t.Fatalf("client %d, %s: the numerator holds more than the denominator: %s", seed, i.ID, key)
					}
				}
				if again := i.Count(Known(shuffled, f.AsOf), f); !maps.Equal(sums, summary(i, again)) {
					t.Fatalf("client %d, %s: another order gives other facts\n%v\n%v", seed, i.ID, sums, summary(i, again))
				}
			}
		}
	}
}

// What nobody asked for is not counted: a client without rows, and everything known later.
func TestCatalogue_CountsNothingUnknown(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 7))
		c := randomClient(rng)
		f := frame(t, "2026", "2027-06-01")
		for _, i := range Catalogue {
			if i.Count == nil {
				continue
			}
			if len(i.Count(ClientRows{}, f)) != 0 {
				t.Fatalf("%s counts nobody", i.ID)
			}
			before := frame(t, "2026", "2023-01-01")
			if facts := i.Count(Known(c, before.AsOf), before); len(facts) != 0 {
				t.Fatalf("%s counts what was not known", i.ID)
			}
		}
	}
}

// The reference of EWS01: every report is tried against every cell, day by day of its life.
func TestSignals_EqualASlowReference(t *testing.T) {
	t.Parallel()
	day := func(rng *rand.Rand, from models.Date) models.Date { return from.AddDays(rng.IntN(250)) }
	total := int64(0)
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 7))
		f := randomFrame(t, rng)
		var reports []models.SubstanceReport
		for range rng.IntN(40) {
			r := models.SubstanceReport{
				Region: "KZ-75", On: day(rng, "2025-09-01")[:7] + "-01", NPSClass: codesOf(DimNPSClass, testCountry)[rng.IntN(14)], SourceType: codesOf(DimSourceType, testCountry)[rng.IntN(7)],
			}
			r.KnownOn = day(rng, r.On)
			if rng.IntN(2) == 0 {
				r.ConfirmedOn = day(rng, r.KnownOn)
			}
			if rng.IntN(3) == 0 {
				r.RetractedOn = day(rng, max(r.KnownOn, r.ConfirmedOn))
			}
			reports = append(reports, r)
		}
		got := map[SignalCount]int64{}
		_, signals := Signals(reports, f.Period, f.AsOf)
		for _, s := range signals {
			n := s.Reports
			s.Reports = 0
			got[s] += n
			total += n
		}
		want := map[SignalCount]int64{}
		for _, r := range reports {
			status := ""
			for d := models.Date("2025-01-01"); d <= f.AsOf; d = d.AddDays(1) { // what was said of it, as it happened
				if d == r.KnownOn {
					status = "suspected"
				}
				if d == r.ConfirmedOn {
					status = "confirmed"
				}
				if d == r.RetractedOn {
					status = "retracted"
				}
			}
			if status != "" && r.On >= f.Period.Start() && r.On <= f.Period.End() && r.On <= f.AsOf {
				want[SignalCount{Status: status, NPSClass: r.NPSClass, SourceType: r.SourceType}]++
			}
		}
		if !maps.Equal(got, want) {
			t.Fatalf("seed %d, %s as of %s: %v, the reference says %v", seed, f.Period, f.AsOf, got, want)
		}
	}
	if total < 500 {
		t.Errorf("only %d reports counted", total)
	}
}

// Fits reports whether the indicator has numbers for the period.
func (i Indicator) Fits(p Period) bool { return !i.YearOnly || !p.IsQuarter() }
