package indicators

import (
	"cmp"
	"slices"

	"jol/models"
)

const (
	continuityDays = 21 // COC21: day 0 to 21 after release
	adultAge       = 18
	exitReleased   = "released"
	exitDied       = "died"
	reasonDied     = "8"
)

// release is one release event of COC21 with what became of it.
type release struct {
	spell     models.CustodyRow
	treatment *EpisodeRow // in custody, on the day of exit
	onOAT     bool        // on that day
	referred  bool        // from custody, by that day
	linked    bool        // community treatment on day 0 to 21
	competing bool        // died or in custody again on day 0 to 21
}

// releases returns the client's first release events of the period that COC21 counts.
func releases(c ClientRows, f Frame) []release {
	spells := slices.Clone(c.Custody)
	slices.SortFunc(spells, func(a, b models.CustodyRow) int {
		return cmp.Or(
			cmp.Compare(a.Exit, b.Exit), cmp.Compare(a.Admitted, b.Admitted), cmp.Compare(a.Region, b.Region), cmp.Compare(a.ExitRegion, b.ExitRegion),
			cmp.Compare(a.Sex, b.Sex), cmp.Compare(a.AgeAtExit, b.AgeAtExit), cmp.Compare(b.CommunityDoseOn, a.CommunityDoseOn),
		)
	})
	onOAT := courses(c.OAT, f.AsOf)
	var events []release
	for i, s := range spells {
		if s.ExitReason != exitReleased || !f.Period.Contains(s.Exit) || s.AgeAtExit >= 0 && s.AgeAtExit < adultAge {
			continue
		}
		treatment := treatmentAtExit(c.Episodes, s.Exit)
		if treatment == nil {
			continue
		}
		_, oat := courseOn(onOAT, s.Exit)
		readmitted := slices.ContainsFunc(slices.Concat(spells[:i], spells[i+1:]), func(other models.CustodyRow) bool {
			return inWindow(other.Admitted, s.Exit)
		})
		events = append(events, release{
			spell: s, treatment: treatment, onOAT: oat, referred: referredBy(c.Referrals, s), linked: linkedAfter(c.Episodes, s.Exit),
			competing: readmitted || diedAfter(c, s.Exit),
		})
	}
	return first(events)
}

// inWindow reports whether a day is day 0 to 21 after an exit.
func inWindow(day, exit models.Date) bool {
	return day >= exit && day <= exit.AddDays(continuityDays)
}

// treatmentAtExit returns the structured episode in custody that is active on the day of
// exit and was not completed.
func treatmentAtExit(episodes []EpisodeRow, exit models.Date) *EpisodeRow {
	return earliest(episodes, func(e *EpisodeRow) bool {
		return counts(e) && sectorOf(e.Sector) == sectorPrison && overlaps(e, exit, exit, exit) && !(e.End == exit && completed(e))
	})
}

// inCommunity reports whether an episode is structured treatment of a clinic or an NGO.
func inCommunity(e *EpisodeRow) bool {
	return counts(e) && (e.Sector == string(models.SectorClinic) || e.Sector == string(models.SectorNGO))
}

// linkedAfter reports whether community treatment starts on day 0 to 21, or an episode
// already open there has a face-to-face contact then.
func linkedAfter(episodes []EpisodeRow, exit models.Date) bool {
	return anyEpisode(episodes, func(e *EpisodeRow) bool {
		if !inCommunity(e) {
			return false
		}
		return inWindow(e.Start, exit) || e.Start < exit && slices.ContainsFunc(e.Contacts, func(k models.ContactRow) bool {
			return inWindow(k.On, exit) && (e.End == "" || k.On <= e.End)
		})
	})
}

// referredBy reports whether a referral from custody was sent during the stay.
func referredBy(referrals []ReferralRow, s models.CustodyRow) bool {
	return slices.ContainsFunc(referrals, func(r ReferralRow) bool {
		return r.FromSector == string(models.SectorPrison) && s.Admitted <= r.SentOn && r.SentOn <= s.Exit
	})
}

// diedAfter reports whether a death is recorded on day 0 to 21: by an episode, a stay in
// custody or an overdose.
func diedAfter(c ClientRows, exit models.Date) bool {
	return anyEpisode(c.Episodes, func(e *EpisodeRow) bool { return e.EndReason == reasonDied && inWindow(e.End, exit) }) ||
		slices.ContainsFunc(c.Custody, func(s models.CustodyRow) bool { return s.ExitReason == exitDied && inWindow(s.Exit, exit) }) ||
		anyEntry(c, func(e *models.EntryRow) bool {
			return e.Kind == models.RowOverdose && e.Result == exitDied && inWindow(e.On, exit)
		})
}

func releaseFact(c ClientRows, r release) Fact {
	return Fact{
		Units: 1, Region: cmp.Or(r.spell.ExitRegion, r.spell.Region), Sex: r.spell.Sex, Age: r.spell.AgeAtExit, Drug: r.treatment.PrimaryDrug,
		Scope: scopeOf(c), Of: map[string]string{
			DimOpioid: yesNo(isOpioid(r.treatment)), DimOATAtExit: yesNo(r.onOAT), DimReferralMade: yesNo(r.referred),
		},
	}
}

// countReleases makes an indicator of release events: which are counted, and which of
// them are the numerator.
func countReleases(counted, numerator func(release) bool) func(ClientRows, Frame) []Fact {
	return func(c ClientRows, f Frame) []Fact {
		var facts []Fact
		for _, r := range releases(c, f) {
			if counted(r) {
				facts = append(facts, rate(releaseFact(c, r), numerator(r))...)
			}
		}
		return facts
	}
}

func everyRelease(release) bool { return true }

func isLinked(r release) bool { return r.linked }

// notCompeting leaves out events whose client died or was in custody again before any
// start.
func notCompeting(r release) bool { return r.linked || !r.competing }

func wasReferred(r release) bool { return r.referred }

func onOATAtExit(r release) bool { return r.onOAT && isOpioid(r.treatment) }

// bridged reports whether a dose was taken in the community on day 0 or 1.
func bridged(r release) bool {
	day := r.spell.CommunityDoseOn
	return day == r.spell.Exit || day == r.spell.Exit.AddDays(1)
}
