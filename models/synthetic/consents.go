package synthetic

import (
	"time"

	"jol/models"
)

// askLinkage records the answer to whether the client may be counted once across
// organisations, a few minutes after registration. Most agree; some withdraw later,
// and what is not renewed expires after two years.
func (l *life) askLinkage(r *record, registered time.Time) {
	purpose, state := models.PurposeLinkageSector, models.ConsentGiven
	switch x := l.Float64(); {
	case x < 0.12:
		purpose = models.PurposeLinkageFacility
	case x < 0.20:
		state = models.ConsentRefused
	}
	k := l.newConsent(r, purpose, r.since, registered.Add(5*time.Minute))
	k.State = state
	// 24 months to the day, as the service allows at most.
	k.UntilDate = k.FromDate.AddMonths(models.MaxConsentMonths)
	if state == models.ConsentGiven && l.chance(0.04) && r.since < yesterday {
		at := l.moment(l.between(r.since+1, yesterday))
		_, _ = k.Withdraw(at) // a consent that was given can be withdrawn
	}
	l.keep(r, k)
	if k.StateOn(l.date(0)) == models.ConsentExpired && l.chance(0.5) {
		day := min(r.since+732+l.between(0, 60), yesterday)
		renewed := l.newConsent(r, purpose, day, l.moment(day))
		renewed.UntilDate = renewed.FromDate.AddMonths(models.MaxConsentMonths)
		l.keep(r, renewed)
	}
}

func (l *life) newConsent(r *record, purpose models.Purpose, day int, at time.Time) models.Consent {
	return models.Consent{
		ID: l.id(at), ClientID: r.id, OrganisationID: r.org.ID, Purpose: purpose, Categories: []models.Category{},
		FromDate: l.date(day), State: models.ConsentGiven, Version: 1, CreatedAt: at, CreatedBy: l.w.writer(r.org.ID),
	}
}

func (l *life) keep(r *record, k models.Consent) {
	l.persons[r.person].Consents = append(l.persons[r.person].Consents, k)
}

// consentTo is the consent a referral rests on: signed shortly before, for the receiver
// by name or, less often, for its kind, and running long enough for the referral.
func (l *life) consentTo(r *record, to *models.Organisation, reason string, sent int, at time.Time) models.Consent {
	signed, when := sent, at.Add(-time.Duration(l.between(5, 40))*time.Minute)
	if early := l.between(0, 10); early > 0 && sent-early > r.since {
		signed, when = sent-early, l.moment(sent-early)
	}
	k := l.newConsent(r, models.PurposeReferral, signed, when)
	k.Categories = one(l.dice, shared)
	switch {
	case reason == "oat_transfer":
		k.Purpose, k.Categories = models.PurposeDoseContinuity, []models.Category{models.CatOAT, models.CatTreatmentFact}
	case reason == "release" && l.chance(0.4), l.chance(0.15):
		k.Purpose = models.PurposeTreatmentContinuity
	}
	k.RecipientID = to.ID
	if l.chance(0.15) {
		k.RecipientID, k.RecipientKind = "", to.Kind
	}
	k.UntilDate = l.date(sent + l.between(150, 540))
	return k
}

// shared are the sets of categories clients allow a receiver to read.
var shared = [][]models.Category{
	{},
	{models.CatTreatmentFact},
	{models.CatTreatmentFact, models.CatPlanSocial},
	{models.CatTreatmentFact, models.CatDiagnosis, models.CatPlanClinical},
	{models.CatTreatmentFact, models.CatDiagnosis, models.CatInfection, models.CatPlanClinical, models.CatPlanSocial},
}
