package synthetic_test

import (
	"slices"
	"testing"
	"time"

	"jol/models"
	"jol/models/synthetic"
)

// country is a generated world with its organisations by id.
type country struct {
	*synthetic.World
	organisations map[models.OrganisationID]models.Organisation
	persons       []models.ImportedPerson
}

func collect(t *testing.T, seed uint64, clients int) country {
	t.Helper()
	c := country{World: generate(t, seed, clients), organisations: map[models.OrganisationID]models.Organisation{}}
	for _, o := range c.Organisations {
		c.organisations[o.ID] = o
	}
	c.persons = slices.Collect(c.Persons())
	return c
}

// past reports whether a moment has happened by the anchor.
func past(at time.Time) bool { return at.Before(anchor.Time()) }

func TestPersons_RegistrationsAreWhatTheServiceAccepts(t *testing.T) {
	t.Parallel()
	low, latin, cyrillic := 0, 0, 0
	for _, p := range collect(t, 1, 3000).persons {
		for i, c := range p.Clients {
			if c.LinkedAs != "" {
				if i == 0 || !slices.ContainsFunc(p.Clients[:i], func(o models.ImportedClient) bool { return o.ID == c.LinkedAs }) {
					t.Fatal("a record takes over the linkage of none before it")
				}
				continue
			}
			if err := c.Registration.Check("KZ", anchor); err != nil {
				t.Fatal(err)
			}
			if c.Registration.FatherInitials == "" {
				low++
			}
			if c.Registration.MotherInitials[0] < 0x80 {
				latin++
			} else {
				cyrillic++
			}
		}
	}
	if low == 0 || latin == 0 || cyrillic == 0 {
		t.Errorf("%d of low quality, %d typed in Latin, %d in Cyrillic", low, latin, cyrillic)
	}
}

func TestPersons_EpisodesAreValid(t *testing.T) {
	t.Parallel()
	c := collect(t, 2, 3000)
	reasons := map[string]int{}
	for _, p := range c.persons {
		open := map[models.ClientID]int{}
		for _, e := range p.Episodes {
			org := c.organisations[e.OrganisationID]
			n := models.NewEpisode{
				StartDate: e.StartDate, Structured: &e.Structured, LegalBasis: e.LegalBasis, PreviousTreatment: e.PreviousTreatment,
				ReferralSource: e.ReferralSource, PrimaryDrug: e.PrimaryDrug, Route: e.Route, Injecting: e.Injecting,
			}
			if err := n.Check(anchor.AddDays(-1), &org); err != nil {
				t.Fatalf("%v: %+v", err, n)
			}
			if e.LastContact < e.StartDate || e.LastContact >= anchor || !past(e.CreatedAt) || e.CentreType != org.CentreType || e.AgeAtStart < 10 || e.AgeAtStart > 80 {
				t.Fatalf("episode %+v", e)
			}
			reasons[e.EndReason]++
			if e.Open() {
				open[e.ClientID]++
				continue
			}
			if e.EndDate < e.StartDate || e.EndDate >= anchor || !models.InList("end_reason", e.EndReason) {
				t.Fatalf("episode from %s to %s for %s", e.StartDate, e.EndDate, e.EndReason)
			}
			if e.EndReason == "3" && !slices.ContainsFunc(p.Referrals, func(r models.Referral) bool { return r.FromClientID == e.ClientID && r.ToClientID != "" }) {
				t.Fatal("transferred, but nobody accepted")
			}
		}
		for _, n := range open {
			if n > 1 {
				t.Fatal("a client has two open episodes")
			}
		}
	}
	for _, reason := range []string{"", "1", "2", "3", "5", "6", "7", "8", "9", "10", "11", "99"} {
		if reasons[reason] == 0 {
			t.Errorf("no episode ended for reason %q", reason)
		}
	}
}

func TestPersons_OneOrganisationsEpisodesFollowEachOther(t *testing.T) {
	t.Parallel()
	for _, p := range collect(t, 9, 3000).persons {
		byClient := map[models.ClientID][]models.Episode{}
		for _, e := range p.Episodes {
			byClient[e.ClientID] = append(byClient[e.ClientID], e)
		}
		for _, episodes := range byClient {
			slices.SortFunc(episodes, func(a, b models.Episode) int { return a.StartDate.Time().Compare(b.StartDate.Time()) })
			for i := 1; i < len(episodes); i++ {
				if before := episodes[i-1]; before.Open() || before.EndDate >= episodes[i].StartDate || before.EndReason == "8" {
					t.Fatalf("an episode from %s follows one from %s to %s", episodes[i].StartDate, before.StartDate, before.EndDate)
				}
			}
		}
	}
}

func TestPersons_ReferralsRestOnConsent(t *testing.T) {
	t.Parallel()
	c := collect(t, 3, 6000)
	states := map[string]int{}
	for _, p := range c.persons {
		for _, r := range p.Referrals {
			states[r.State]++
			to, sent := c.organisations[r.ToOrganisationID], models.DateOf(r.SentAt, "Asia/Almaty")
			n := models.NewReferral{ToOrganisationID: to.ID, Reason: r.Reason, Urgency: r.Urgency, Needs: r.Needs, Note: r.Note}
			if err := n.Check(); err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(p.Consents, func(k models.Consent) bool { return k.ID == r.ConsentID })
			if i < 0 || p.Consents[i].ClientID != r.FromClientID {
				t.Fatal("a referral rests on no consent of its client")
			}
			consent := p.Consents[i]
			withdrawn := consent.State == models.ConsentWithdrawn
			if withdrawn && (!consent.WithdrawnAt.After(r.SentAt) || slices.Contains(models.OpenReferralStates, r.State)) {
				t.Fatalf("a %s referral rests on a withdrawn consent", r.State)
			}
			consent.State = models.ConsentGiven // as it was when the referral was sent
			if !consent.CoversReferral(&to, r.Reason, sent) || consent.CreatedAt.After(r.SentAt) || !to.Receives() {
				t.Fatalf("the consent does not cover a referral of %s", sent)
			}
			checkReferralDates(t, r, sent)
		}
	}
	for _, state := range models.ReferralStates {
		if states[state] == 0 {
			t.Errorf("no referral is %s", state)
		}
	}
}

func checkReferralDates(t *testing.T, r models.Referral, sent models.Date) {
	t.Helper()
	if !past(r.SentAt) || !r.AnswerDue.After(r.SentAt) || r.AppointmentAt != nil && !r.AppointmentAt.After(r.SentAt) {
		t.Fatalf("times of a referral: %+v", r)
	}
	if (r.State == models.ReferralAttended) != (r.AttendedOn != "") || r.AttendedOn != "" && (r.AttendedOn < sent || r.AttendedOn >= anchor) {
		t.Fatalf("sent on %s, %s, attended on %q", sent, r.State, r.AttendedOn)
	}
	if (r.State == models.ReferralDeclined) != models.InList("decline_reason", r.DeclineReason) {
		t.Fatalf("%s with reason %q", r.State, r.DeclineReason)
	}
	if (r.State == models.ReferralConsentWithdrawn) != (r.WithdrawnAt != nil) {
		t.Fatalf("%s withdrawn at %v", r.State, r.WithdrawnAt)
	}
}

// Two organisations share a person through an accepted referral and nothing else.
func TestPersons_AreJoinedByAcceptanceOnly(t *testing.T) {
	t.Parallel()
	joined, handed := 0, 0
	for _, p := range collect(t, 4, 3000).persons {
		if p.Person.ResponsibleID != p.Clients[0].OrganisationID {
			handed++
		}
		reached := map[models.ClientID]bool{p.Clients[0].ID: true}
		for range p.Clients {
			for _, r := range p.Referrals {
				if reached[r.FromClientID] && r.ToClientID != "" {
					reached[r.ToClientID] = true
				}
			}
		}
		organisations := map[models.OrganisationID]bool{}
		joined += len(p.Clients) - 1
		for _, c := range p.Clients {
			if !reached[c.ID] || c.PersonID != p.Person.ID || organisations[c.OrganisationID] || !past(c.CreatedAt) {
				t.Fatal("a record belongs to a person without an accepted referral")
			}
			organisations[c.OrganisationID] = true
		}
		if !organisations[p.Person.ResponsibleID] {
			t.Fatal("an organisation without a record is responsible")
		}
	}
	if joined == 0 || handed == 0 {
		t.Errorf("%d joined, %d handed over", joined, handed)
	}
}

func TestPersons_ConsentsAreValid(t *testing.T) {
	t.Parallel()
	c := collect(t, 5, 3000)
	states := map[string]int{}
	for _, p := range c.persons {
		for _, k := range p.Consents {
			states[k.StateOn(anchor)]++
			n := models.NewConsent{Purpose: k.Purpose, RecipientID: k.RecipientID, RecipientKind: k.RecipientKind, Categories: k.Categories, Until: k.UntilDate}
			if err := n.Check(k.FromDate); err != nil {
				t.Fatalf("%v: %+v", err, n)
			}
			if !past(k.CreatedAt) || k.FromDate != models.DateOf(k.CreatedAt, "Asia/Almaty") || k.WithdrawnAt != nil && (!past(*k.WithdrawnAt) || !k.WithdrawnAt.After(k.CreatedAt)) {
				t.Fatalf("times of a consent: %+v", k)
			}
		}
	}
	for _, state := range []string{models.ConsentGiven, models.ConsentWithdrawn, models.ConsentRefused, models.ConsentExpired} {
		if states[state] == 0 {
			t.Errorf("no consent is %s", state)
		}
	}
}

// Three in five referrals end in an attendance within 30 days.
func TestPersons_MostReferralsAreAttended(t *testing.T) {
	t.Parallel()
	sent, attended := 0, 0
	for _, p := range collect(t, 6, 6000).persons {
		for _, r := range p.Referrals {
			on := models.DateOf(r.SentAt, "UTC")
			if on > anchor.AddDays(-60) {
				continue // their 30 days may not be over
			}
			sent++
			if r.AttendedOn != "" && on.DaysUntil(r.AttendedOn) <= 30 {
				attended++
			}
		}
	}
	if share := float64(attended) / float64(sent); share < 0.5 || share > 0.7 {
		t.Errorf("%.2f of %d referrals were attended within 30 days", share, sent)
	}
}

func TestPersons_NobodyComesBackFromTheDead(t *testing.T) {
	t.Parallel()
	dead := 0
	for _, p := range collect(t, 8, 6000).persons {
		died := anchor
		for _, e := range p.Episodes {
			if e.EndReason == "8" {
				dead++
				died = e.EndDate
			}
		}
		for _, e := range p.Episodes {
			if e.StartDate > died || e.EndDate > died || e.LastContact > died {
				t.Fatalf("seen after %s: %+v", died, e)
			}
		}
		for _, r := range p.Referrals {
			if models.DateOf(r.SentAt, "Asia/Almaty") > died || r.AttendedOn > died {
				t.Fatalf("referred after %s: %+v", died, r)
			}
		}
	}
	if dead == 0 {
		t.Error("nobody died")
	}
}
