package indicators

import (
	"math/rand/v2"

	"jol/models"
)

// care gives an entrant what the indicators count beside the entry: an end, agonist
// treatment, custody and release, tests, naloxone, regular needles, a return. Nobody has
// two journeys that begin in the year, and everything of a person is in one region, which
// the joint attack knows. It draws from a source of its own: the entries do not depend on it.
func care(rng *rand.Rand, c *ClientRows) {
	e := &c.Episodes[0]
	oneIn := func(n int) bool { return rng.IntN(n) == 0 }
	e.Sector = string(models.SectorClinic)
	if e.CentreType == "3" {
		e.Sector = string(models.SectorPrison)
	}
	e.LastContact = min(e.LastContact, e.Start.AddDays(150)) // no release is sealed while only some of them know of the end
	e.End, e.EndReason = e.LastContact, []string{"1", "2", "3", "4"}[rng.IntN(4)]
	if oneIn(3) {
		e.ReferredOn = e.Start.AddDays(-rng.IntN(45))
	}
	if isOpioid(e) && oneIn(3) {
		c.OAT = []models.OATRow{agonist(rng, e)}
	}
	if e.Sector == string(models.SectorPrison) {
		custody(rng, c)
	}
	if again := e.End.AddDays(45 + rng.IntN(130)); completed(e) && oneIn(8) && again >= "2027-01-01" {
		second := *e
		second.Start, second.LastContact, second.End, second.ReferredOn = again, again, again, ""
		c.Episodes = append(c.Episodes, second)
	}
	if oneIn(20) { // more referrals than count, over several quarters
		for range 3 {
			c.Referrals = append(c.Referrals, ReferralRow{Region: e.Region, SentOn: models.Date("2026-01-01").AddDays(rng.IntN(365))})
		}
	}
	one := models.EntryRow{Region: e.Region, Sector: e.Sector, Sex: e.Sex, Age: e.AgeAtStart, On: e.Start}
	if oneIn(3) {
		one.Kind, one.Code, one.Result, one.ReturnedOn = models.RowTest, testHIV, "neg", e.Start
		if oneIn(10) {
			one.Result = positive
			if oneIn(2) {
				one.LinkedOn = e.Start
			}
		}
		c.Entries = append(c.Entries, one)
	}
	if isOpioid(e) && oneIn(6) {
		one.Kind, one.Code, one.Result, one.Quantity = models.RowNaloxone, "", "", 1
		c.Entries = append(c.Entries, one)
	}
	if e.Injecting == "2.3" && oneIn(15) {
		for day := models.Date("2026-01-05"); day <= "2026-12-31"; day = day.AddDays(25) {
			c.Entries = append(c.Entries, models.EntryRow{
				Kind: models.RowContact, Code: nsp, Quantity: int64(20 + rng.IntN(30)), On: day, Region: e.Region, Sector: "ngo", Sex: e.Sex, Age: e.AgeAtStart, NSPOffered: true,
			})
		}
	}
}

// agonist is a course of agonist treatment that begins soon after the entry.
func agonist(rng *rand.Rand, e *EpisodeRow) models.OATRow {
	from := min(e.Start.AddDays(rng.IntN(30)), "2026-12-31")
	o := models.OATRow{Region: e.Region, Sector: e.Sector, Sex: e.Sex, AgeAtStart: e.AgeAtStart, Medicine: "methadone", End: from.AddDays(10 + rng.IntN(500))}
	o.Doses = []models.DoseRun{{From: from, To: o.End}}
	o.Phases = []models.DosePhase{{From: from, Phase: "induction", DailyUg: 30_000}, {From: from.AddDays(14), Phase: "maintenance", DailyUg: int64(40+5*rng.IntN(12)) * 1000}}
	return o
}

// custody is a stay in custody around the entry, with what follows the release.
func custody(rng *rand.Rand, c *ClientRows) {
	e := &c.Episodes[0]
	stay := models.CustodyRow{Region: e.Region, Sex: e.Sex, AgeAtExit: e.AgeAtStart, Admitted: e.Start.AddDays(-30)}
	if e.End > e.Start && rng.IntN(4) > 0 {
		stay.Exit, stay.ExitReason = e.End.AddDays(-1), exitReleased
		if rng.IntN(2) == 0 {
			stay.CommunityDoseOn = stay.Exit.AddDays(rng.IntN(3))
		}
		if rng.IntN(3) == 0 {
			stay.Naloxone = "supplied"
		}
		if rng.IntN(2) == 0 {
			c.Referrals = append(c.Referrals, ReferralRow{Region: e.Region, FromSector: string(models.SectorPrison), SentOn: e.Start, AttendedOn: stay.Exit})
		}
		switch rng.IntN(4) {
		case 0: // in custody again
			c.Custody = append(c.Custody, models.CustodyRow{Region: e.Region, Sex: e.Sex, AgeAtExit: -1, Admitted: stay.Exit.AddDays(5)})
		case 1, 2: // treatment goes on outside: the same journey
			outside := *e
			outside.Sector, outside.Start, outside.ReferredOn = string(models.SectorClinic), e.End.AddDays(rng.IntN(10)), ""
			outside.LastContact = outside.Start
			outside.End = outside.Start
			c.Episodes = append(c.Episodes, outside)
		}
	}
	c.Custody = append(c.Custody, stay)
}
