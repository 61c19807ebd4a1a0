package indicators

import (
	"slices"

	"jol/models"
)

// Known returns the client as the service knew it on the day asOf: rows that were
// recorded later are left out, and later ends, attendances and doses are taken back.
// With an empty day everything is known. The rows passed in are not changed.
func Known(c ClientRows, asOf models.Date) ClientRows {
	if asOf == "" {
		return c
	}
	out := ClientRows{SDCKey: c.SDCKey, Scope: c.Scope}
	for _, e := range c.Episodes {
		if wasKnown(e.Start, e.KnownOn, asOf) {
			out.Episodes = append(out.Episodes, knownEpisode(e, asOf))
		}
	}
	for _, r := range c.Referrals {
		if !wasKnown(r.SentOn, r.KnownOn, asOf) {
			continue
		}
		if !wasKnown(r.AttendedOn, r.AttendedKnownOn, asOf) {
			r.AttendedOn = ""
		}
		if r.ClosedOn > asOf {
			r.ClosedOn = ""
		}
		out.Referrals = append(out.Referrals, r)
	}
	for _, s := range c.Custody {
		if !wasKnown(s.Admitted, s.KnownOn, asOf) {
			continue
		}
		if !wasKnown(s.Exit, s.ExitKnownOn, asOf) {
			s.Exit, s.ExitReason, s.ExitRegion, s.Naloxone = "", "", "", ""
		}
		if !wasKnown(s.CommunityDoseOn, s.CommunityDoseKnownOn, asOf) {
			s.CommunityDoseOn = ""
		}
		out.Custody = append(out.Custody, s)
	}
	for _, o := range c.OAT {
		out.OAT = append(out.OAT, knownCourse(o, asOf))
	}
	out.Entries = slices.Grow(out.Entries, len(c.Entries))
	for _, e := range c.Entries {
		if !wasKnown(e.On, e.KnownOn, asOf) {
			continue
		}
		if e.ReturnedOn > asOf {
			e.ReturnedOn = ""
		}
		if e.LinkedOn > asOf {
			e.LinkedOn = ""
		}
		out.Entries = append(out.Entries, e)
	}
	return out
}

// wasKnown reports whether a fact of a day was known on the day asOf. A fact without a day
// is none, and nothing is known before it happens.
func wasKnown(on, knownOn, asOf models.Date) bool { return on <= asOf && knownOn <= asOf }

func knownEpisode(e EpisodeRow, asOf models.Date) EpisodeRow {
	reopened := !wasKnown(e.End, e.EndKnownOn, asOf)
	if reopened {
		e.End, e.EndReason = "", ""
	}
	unseen := func(c models.ContactRow) bool { return !wasKnown(c.On, c.KnownOn, asOf) }
	if reopened || e.LastContact > asOf || slices.ContainsFunc(e.Contacts, unseen) {
		e.Contacts = slices.DeleteFunc(slices.Clone(e.Contacts), unseen)
		// The last contact of the row may be one that was not known yet, or the end.
		e.LastContact = e.Start
		for _, c := range e.Contacts {
			e.LastContact = max(e.LastContact, c.On)
		}
		e.LastContact = max(e.LastContact, e.End)
	}
	return e
}

func knownCourse(o models.OATRow, asOf models.Date) models.OATRow {
	if !wasKnown(o.End, o.EndKnownOn, asOf) {
		o.End = ""
	}
	var doses []models.DoseRun
	for _, d := range o.Doses {
		if wasKnown(d.From, d.KnownOn, asOf) {
			d.To = min(d.To, asOf)
			doses = append(doses, d)
		}
	}
	var phases []models.DosePhase
	for _, p := range o.Phases {
		if p.KnownOn <= asOf {
			phases = append(phases, p)
		}
	}
	o.Doses, o.Phases = doses, phases
	return o
}
