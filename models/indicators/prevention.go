package indicators

import (
	"cmp"
	"slices"

	"jol/models"
)

const (
	supplyWindowDays = 30  // NSP02
	syringesCap      = 500 // NSP03: the most counted a client and year
	linkageDays      = 90  // HCV02
	nsp              = "NSP"
	testHIV          = "HIV"
	testHCVAb        = "HCV_AB"
	testHCVRNA       = "HCV_RNA"
	positive         = "pos"
	notReturned      = "not_returned"
)

// preventionServices are contacts that make somebody an attender of prevention services.
// A test alone does not: everybody tested would be an attender then.
var preventionServices = []string{nsp, "OUTREACH", "COUNSEL"}

// entriesOf returns the entries that satisfy the condition, by day.
func entriesOf(c ClientRows, wanted func(*models.EntryRow) bool) []*models.EntryRow {
	var rows []*models.EntryRow
	for i := range c.Entries {
		if e := &c.Entries[i]; wanted(e) {
			rows = append(rows, e)
		}
	}
	slices.SortFunc(rows, func(a, b *models.EntryRow) int {
		if a.On != b.On {
			return cmp.Compare(a.On, b.On)
		}
		return cmp.Or(
			cmp.Compare(a.Region, b.Region), cmp.Compare(a.Sector, b.Sector), cmp.Compare(a.Setting, b.Setting),
			cmp.Compare(a.Sex, b.Sex), cmp.Compare(a.Age, b.Age), cmp.Compare(a.Quantity, b.Quantity), cmp.Compare(a.LinkedOn, b.LinkedOn),
		)
	})
	return rows
}

// anyEntry reports whether an entry satisfies the condition.
func anyEntry(c ClientRows, wanted func(*models.EntryRow) bool) bool {
	for i := range c.Entries {
		if wanted(&c.Entries[i]) {
			return true
		}
	}
	return false
}

func entryFact(c ClientRows, f Frame, e *models.EntryRow) Fact {
	return Fact{Units: 1, Region: e.Region, Sex: e.Sex, Age: e.Age, Scope: scopeOf(c), Of: preventionOf(c, f, e.Sector, e.Setting)}
}

func preventionOf(c ClientRows, f Frame, sector, setting string) map[string]string {
	return map[string]string{DimSector: sectorOf(sector), DimSetting: oneOf(DimSetting, setting), DimPWID: yesNo(injects(c, f))}
}

// isSupply reports whether needles or syringes were given.
func isSupply(e *models.EntryRow) bool {
	return e.Kind == models.RowContact && e.Code == nsp && e.Quantity > 0
}

// supplies returns the supplies of the period.
func supplies(c ClientRows, f Frame) []*models.EntryRow {
	return entriesOf(c, func(e *models.EntryRow) bool { return isSupply(e) && f.Period.Contains(e.On) })
}

// injects reports whether the client is a person who injects drugs: given needles in the
// period, or, by the latest episode begun by its end, injecting in the last 12 months.
func injects(c ClientRows, f Frame) bool {
	if anyEntry(c, func(e *models.EntryRow) bool { return isSupply(e) && f.Period.Contains(e.On) }) {
		return true
	}
	var latest *EpisodeRow
	for i := range c.Episodes {
		e := &c.Episodes[i]
		if e.EndReason != openedInError && e.Start <= f.Period.End() && (latest == nil || earlier(latest, e)) {
			latest = e
		}
	}
	return latest != nil && (latest.Injecting == "2.2" || latest.Injecting == "2.3")
}

// countAccess is NSP01 with denominator (a), and NSP02 with another numerator: people who
// inject drugs with a contact in the period at a facility that gives needles.
func countAccess(numerator func(Frame, []*models.EntryRow) bool) func(ClientRows, Frame) []Fact {
	return func(c ClientRows, f Frame) []Fact {
		visits := entriesOf(c, func(e *models.EntryRow) bool {
			return e.Kind == models.RowContact && (e.NSPOffered || e.Code == nsp) && f.Period.Contains(e.On)
		})
		if len(visits) == 0 || !injects(c, f) {
			return nil
		}
		return rate(entryFact(c, f, visits[0]), numerator(f, supplies(c, f)))
	}
}

func anySupply(_ Frame, given []*models.EntryRow) bool { return len(given) > 0 }

// regularSupply is NSP02 by the option of the frame: (a) a supply in every 30 days in a
// row of the period, or (b) as many days with a supply as the period has months.
func regularSupply(f Frame, given []*models.EntryRow) bool {
	var days []models.Date
	for _, e := range given { // by day
		if len(days) == 0 || days[len(days)-1] != e.On {
			days = append(days, e.On)
		}
	}
	if f.Rules.Supply == SupplyMonthlyAverage {
		months := 12
		if f.Period.IsQuarter() {
			months = 3
		}
		return len(days) >= months
	}
	covered := f.Period.Start().AddDays(-1) // the last day of a window that holds no later supply
	for _, d := range append(days, f.Period.End().AddDays(1)) {
		if covered.DaysUntil(d) > supplyWindowDays {
			return false
		}
		covered = d
	}
	return true
}

// countSyringes is NSP03: syringes given, at most 500 a client and year, the first ones.
func countSyringes(c ClientRows, f Frame) []Fact {
	var facts []Fact
	left := int64(syringesCap)
	for _, e := range supplies(c, f) {
		given := min(e.Quantity, left)
		if given == 0 {
			break
		}
		fact := entryFact(c, f, e)
		fact.Units = given
		facts = append(facts, fact)
		left -= given
	}
	return facts
}

// usedNSP returns the client's first contact of the period with the needle service.
func usedNSP(c ClientRows, f Frame) (*models.EntryRow, bool) {
	rows := entriesOf(c, func(e *models.EntryRow) bool {
		return e.Kind == models.RowContact && e.Code == nsp && f.Period.Contains(e.On)
	})
	if len(rows) == 0 {
		return nil, false
	}
	return rows[0], true
}

// treatmentOrNSP is the fact of a client in structured treatment or with the needle
// service in the period; the episode supplies the attributes where there is one.
func treatmentOrNSP(c ClientRows, f Frame, wanted func(*EpisodeRow) bool) (Fact, bool) {
	if e := inTreatment(c, f, f.Period.Start(), wanted); e != nil {
		fact := factOf(c, e)
		fact.Of = preventionOf(c, f, e.Sector, e.Setting)
		return fact, true
	}
	if e, ok := usedNSP(c, f); ok {
		return entryFact(c, f, e), true
	}
	return Fact{}, false
}

// countNaloxone is NAL01: of opioid clients in treatment or with the needle service,
// those given naloxone to take home. A client of the needle service is an opioid client
// by the primary drug of any episode begun by the end of the period.
func countNaloxone(c ClientRows, f Frame) []Fact {
	p := f.Period
	if !anyEpisode(c.Episodes, func(e *EpisodeRow) bool { return e.EndReason != openedInError && isOpioid(e) && e.Start <= p.End() }) {
		return nil
	}
	fact, ok := treatmentOrNSP(c, f, isOpioid)
	if !ok {
		return nil
	}
	released, given := false, false
	for _, s := range c.Custody {
		if s.ExitReason == exitReleased && p.Contains(s.Exit) {
			released = true
			given = given || s.Naloxone == "supplied"
		}
	}
	given = given || anyEntry(c, func(e *models.EntryRow) bool {
		return e.Kind == models.RowNaloxone && e.Quantity > 0 && p.Contains(e.On)
	})
	fact.Of[DimOnRelease] = yesNo(released)
	return rate(fact, given)
}

func isTest(e *models.EntryRow, kinds ...string) bool {
	return e.Kind == models.RowTest && slices.Contains(kinds, e.Code)
}

// countHIVTests is HTS01: of those in treatment or with the needle service whose status
// was not known to be positive when the period began, those tested and told in it.
func countHIVTests(c ClientRows, f Frame) []Fact {
	p := f.Period
	fact, ok := treatmentOrNSP(c, f, anyDrug)
	if !ok || anyEntry(c, func(e *models.EntryRow) bool { return isTest(e, testHIV) && e.Result == positive && e.On < p.Start() }) {
		return nil
	}
	return rate(fact, anyEntry(c, func(e *models.EntryRow) bool {
		return isTest(e, testHIV) && e.Result != notReturned && p.Contains(e.On) && p.Contains(e.ReturnedOn)
	}))
}

// countHIVLinkage is HTS02: the first positive test of all lies in the period.
func countHIVLinkage(c ClientRows, f Frame) []Fact {
	tests := entriesOf(c, func(e *models.EntryRow) bool { return isTest(e, testHIV) && e.Result == positive })
	if len(tests) == 0 || !f.Period.Contains(tests[0].On) {
		return nil
	}
	return rate(entryFact(c, f, tests[0]), slices.ContainsFunc(tests, func(e *models.EntryRow) bool { return f.Period.Contains(e.LinkedOn) }))
}

// countHCVTests is HCV01.
func countHCVTests(c ClientRows, f Frame) []Fact {
	p := f.Period
	visits := entriesOf(c, func(e *models.EntryRow) bool {
		return p.Contains(e.On) && (e.Kind == models.RowContact && slices.Contains(preventionServices, e.Code) || e.Kind == models.RowNaloxone)
	})
	if len(visits) == 0 {
		return nil
	}
	return rate(entryFact(c, f, visits[0]), anyEntry(c, func(e *models.EntryRow) bool {
		return isTest(e, testHCVAb, testHCVRNA) && p.Contains(e.On)
	}))
}

// countHCVLinkage is HCV02: the first positive RNA test of the period.
func countHCVLinkage(c ClientRows, f Frame) []Fact {
	tests := entriesOf(c, func(e *models.EntryRow) bool { return isTest(e, testHCVRNA) && e.Result == positive })
	i := slices.IndexFunc(tests, func(e *models.EntryRow) bool { return f.Period.Contains(e.On) })
	if i < 0 {
		return nil
	}
	on := tests[i].On
	return rate(entryFact(c, f, tests[i]), slices.ContainsFunc(tests, func(e *models.EntryRow) bool {
		return e.LinkedOn >= on && e.LinkedOn <= on.AddDays(linkageDays)
	}))
}

// countSignals is EWS01: reports of suspected new substances, by the status they had.
func countSignals(r models.SubstanceReport, f Frame) []Fact {
	if !f.Period.Contains(r.On) || !wasKnown(r.On, r.KnownOn, f.AsOf) {
		return nil
	}
	status := models.EWSSuspected
	if r.ConfirmedOn != "" && r.ConfirmedOn <= f.AsOf {
		status = models.EWSConfirmed
	}
	if r.RetractedOn != "" && r.RetractedOn <= f.AsOf {
		status = models.EWSRetracted
	}
	return []Fact{{Units: 1, Region: r.Region, Age: -1, Of: map[string]string{DimStatus: status, DimNPSClass: r.NPSClass, DimSourceType: r.SourceType}}}
}

// SignalCount is a number of reports with one status, class and source.
type SignalCount struct {
	Status, NPSClass, SourceType string
	Reports                      int64
}

// Signals counts reports as EWS01 does, exactly, for those who read each of them: no release
// has them. Combinations without a report are left out; the order is that of the code lists.
func Signals(reports []models.SubstanceReport, p Period, asOf models.Date) (Status, []SignalCount) {
	definition, _ := ByID("EWS01")
	counts := map[SignalCount]int64{}
	for _, r := range reports {
		for _, f := range definition.CountReport(r, Frame{Period: p, AsOf: asOf, Rules: DefaultRules}) {
			counts[SignalCount{Status: f.code(DimStatus), NPSClass: f.code(DimNPSClass), SourceType: f.code(DimSourceType)}] += f.Units
		}
	}
	var signals []SignalCount
	for _, status := range codesOf(DimStatus, Country{}) {
		for _, class := range codesOf(DimNPSClass, Country{}) {
			for _, source := range codesOf(DimSourceType, Country{}) {
				cell := SignalCount{Status: status, NPSClass: class, SourceType: source}
				if n := counts[cell]; n > 0 {
					cell.Reports = n
					signals = append(signals, cell)
				}
			}
		}
	}
	return definition.StatusOn(p, asOf), signals
}
