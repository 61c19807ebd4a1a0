package synthetic

import (
	"slices"
	"time"

	"jol/models"
)

// medicine is an agonist on its daily schedule. The first day's dose is doubled twice.
type medicine struct {
	code    string
	firstUg int64
}

var medicines = []choice[medicine]{{70, medicine{"methadone", 20_000}}, {30, medicine{"buprenorphine", 4_000}}}

// doseEvery is how many days lie between two recorded doses: one stands for the daily
// ones around it, so that a country does not drown in them.
const doseEvery = 28

// agonists are the orders of agonist treatment of one person, one after the other: a
// person has at most one that is not ended.
func (c *care) agonists(visits []visit) {
	free := firstDay
	for i := range visits {
		v := &visits[i]
		if !v.opioid || !slices.Contains(v.org.Services, "oat") || v.end-v.start < 10 || !c.likely(0.7) {
			continue
		}
		from := max(v.start+c.between(1, 6), free)
		if from > v.end {
			continue
		}
		free = c.order(v, from)
	}
}

// order is one course: how it began, the doses that stand for all, and how it ended. It
// returns the first day on which the next may begin.
func (c *care) order(v *visit, from int) int {
	m, until := pick(c.dice, medicines), v.end
	reason := ""
	switch {
	case !v.open:
		reason = orderEnds[v.episode.EndReason]
		if reason == "" {
			reason = "client_request"
		}
	case c.chance(0.2) && !c.certain && until-from > 30: // the episode goes on without it
		until, reason = c.between(from+14, until), "client_request"
	default:
		until = yesterday
	}
	at := c.moment(from)
	o := models.DoseOrder{
		ID: c.id(at), ClientID: v.episode.ClientID, PersonID: c.person.Person.ID, OrganisationID: v.org.ID, EpisodeID: v.episode.ID,
		Medicine: m.code, Schedule: "daily", Phase: "induction", DoseUg: m.firstUg, FromDate: c.date(from), State: models.OrderActive,
		Outside: []string{}, IdentityCheckedAt: at, IdentityCheckedBy: c.life.w.writer(v.org.ID), Version: 1, CreatedAt: at,
		CreatedBy: c.life.w.writer(v.org.ID),
	}
	c.version(&o, "create", at)
	c.dose(&o, from, models.DoseGiven)
	for _, s := range []struct {
		action string
		after  int
	}{{"dose-change", 5}, {"dose-change", 12}, {"phase-change", 26}} {
		if from+s.after > until {
			break
		}
		if s.action == "dose-change" {
			o.DoseUg *= 2
		} else {
			o.Phase = "maintenance"
		}
		o.Version++
		c.version(&o, s.action, c.moment(from+s.after))
	}
	c.doses(&o, from, until, reason)
	if reason != "" {
		end := c.life.w.calendar.at(until, workday+30)
		o.State, o.Reason, o.EndedAt = models.OrderEnded, reason, &end
		o.Version++
		c.version(&o, "ending", end)
	} else {
		c.handOver(v, &o)
	}
	c.person.DoseOrders = append(c.person.DoseOrders, o)
	return until + 1
}

// orderEnds is what the end of an episode means for an order.
var orderEnds = map[string]string{"1": "completed", "5": "lost", "6": "provider", "8": "died", "9": "lost"}

func (c *care) version(o *models.DoseOrder, action string, at time.Time) {
	c.person.OrderVersions = append(c.person.OrderVersions, *o.AsVersion(action, at, o.CreatedBy))
}

// doses are those after the first. Who drops out was last seen some time before the order
// was ended for it; of those on treatment, a few have missed the last days.
func (c *care) doses(o *models.DoseOrder, from, until int, reason string) {
	last := until
	if reason == "lost" {
		last = max(from, until-c.between(3, 45))
	}
	day := from + doseEvery
	for ; day < last; day += doseEvery {
		c.dose(o, day, models.DoseGiven)
	}
	if reason != "" || last-from < 6 {
		return
	}
	missed := 0
	if !c.certain && c.chance(0.08) {
		missed = c.between(1, 5)
	}
	for d := max(last-5, day-doseEvery+1); d <= last; d++ {
		if d > last-missed {
			c.dose(o, d, models.DoseMissed)
		} else if d >= last-missed-1 {
			c.dose(o, d, models.DoseGiven)
		}
	}
}

func (c *care) dose(o *models.DoseOrder, day int, status string) {
	at := c.moment(day)
	e := models.DoseEvent{
		ID: c.id(at), OrderID: o.ID, ClientID: o.ClientID, OrganisationID: o.OrganisationID, Status: status, At: at, OnDate: c.date(day),
		Outside: []string{}, CreatedAt: at, CreatedBy: o.CreatedBy,
	}
	if status == models.DoseGiven {
		e.DoseUg, e.Witnessed = o.DoseUg, true
	}
	c.person.Doses = append(c.person.Doses, e)
}

// handOver offers the dose to the clinic that an open referral of the treatment asks.
func (c *care) handOver(v *visit, o *models.DoseOrder) {
	for i := range c.person.Referrals {
		r := &c.person.Referrals[i]
		waits := r.State == models.ReferralSent || r.State == models.ReferralReceived
		if r.Reason != "oat_transfer" || r.FromClientID != o.ClientID || !waits || !r.SentAt.After(o.CreatedAt) {
			continue
		}
		d := models.DoseTransfer{
			ID: c.id(r.SentAt), FromOrganisationID: v.org.ID, ToOrganisationID: r.ToOrganisationID, FromClientID: o.ClientID,
			ConsentID: r.ConsentID, Kind: models.TransferMove, State: models.TransferSent, AnswerDue: r.SentAt.Add(models.TransferAnswer),
			Version: 1, CreatedAt: r.SentAt, CreatedBy: o.CreatedBy,
		}
		given := func(e models.DoseEvent) bool { return e.OrderID == o.ID && e.Status == models.DoseGiven }
		var last *time.Time
		for j := range c.person.Doses {
			if e := &c.person.Doses[j]; given(*e) && (last == nil || e.At.After(*last)) {
				last = &e.At
			}
		}
		when := *last // the first dose is always there
		d.Carry(o, &when)
		c.person.DoseTransfers = append(c.person.DoseTransfers, d)
		return
	}
}
