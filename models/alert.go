package models

import (
	"strings"
	"time"
)

// Alert warns of a substance or a place, never of a person. Two overdoses near each other
// propose one, and so does what rises in the early warning; people issue and retract it.
type Alert struct {
	ID             string         `gorm:"primaryKey"`
	OrganisationID OrganisationID // that issued it; empty for a proposal, which nobody wrote
	Kind           string
	State          string
	Region         string // empty for the whole country
	Place          string // code list overdose_place; empty for a whole region
	At             *time.Time
	Substances     []string `gorm:"serializer:json"`
	Advice         []string `gorm:"serializer:json"` // code list alert_advice
	Note           string   // screened
	ValidUntil     Date
	Retraction     string // code list alert_retraction
	NPSClass       string `gorm:"column:nps_class"` // what rises: a class,
	Name           string // or a name of a product
	NameKey        string
	Basis          []string `gorm:"serializer:json"` // the reports it rests on, shown to nobody
	Weakened       bool     // so many of them were retracted that the others would propose nothing
	// ListedAs orders the list: the day on which it was proposed, then issued, and the id.
	ListedAs  string
	Version   int64
	CreatedAt time.Time
	IssuedAt  *time.Time
}

// Alert states.
const (
	AlertProposed  = "proposed"
	AlertIssued    = "issued"
	AlertRetracted = "retracted"
)

// AlertMachine is the life of an alert. A proposal is retracted when it is none.
var AlertMachine = &Machine{
	Noun: "alert", States: []string{AlertProposed, AlertIssued, AlertRetracted}, Start: []string{AlertProposed, AlertIssued},
	Moves: []Move{
		{"issue", holder, []string{AlertProposed}, AlertIssued},
		{"retraction", holder, []string{AlertProposed, AlertIssued}, AlertRetracted},
		{"basis-retraction", nil, []string{AlertProposed, AlertIssued}, AlertRetracted},
	},
}

// AlertNewSubstance is the kind of alert that the early warning proposes, BasisRetracted the
// reason for which the system takes one back.
const (
	AlertNewSubstance = "new_substance"
	BasisRetracted    = "basis_retracted"
)

// NewSignalAlert is the proposal that a signal makes. It names no place: a report has none.
func NewSignalAlert(id string, s Signal, at time.Time) Alert {
	a := Alert{
		ID: id, Kind: AlertNewSubstance, State: AlertProposed, Region: s.Region, NPSClass: s.NPSClass, Name: s.Name, NameKey: s.Key, Basis: s.Reports,
		Version: 1, CreatedAt: at,
	}
	a.Say(AlertText{})
	return a
}

// Open reports whether the alert is proposed or in force.
func (a *Alert) Open(today Date) bool {
	return a.State == AlertProposed || a.State == AlertIssued && a.ValidUntil >= today
}

// Join lets the alert rest on what rises now, and says whether anybody would see it: one that
// was weakened is not any more.
func (a *Alert) Join(s Signal) bool {
	a.Basis = s.Reports
	if !a.Weakened {
		return false
	}
	a.Weakened = false
	a.Version++
	return true
}

// RestsOn changes the alert when some of the reports it rests on were retracted and so many
// still stand, and says whether it did. A proposal that would not be made any more is taken
// back. What a person issued stays in force, marked as weakened, until nothing stands behind
// it: a warning is not taken from people because it has become less certain.
func (a *Alert) RestsOn(standing int) bool {
	switch {
	case a.State == AlertRetracted || standing >= SignalReports:
		return false
	case standing == 0 || a.State == AlertProposed:
		a.State, a.Retraction = AlertRetracted, BasisRetracted
	case a.Weakened:
		return false
	default:
		a.Weakened = true
	}
	a.Version++
	return true
}

// Public is the alert as everybody but the programme sees it. Whether it is weakened would
// tell who takes reports of their own back how many others stand, restricted ones too; so
// would a version that is raised with it.
func (a Alert) Public() Alert {
	if len(a.Basis) == 0 || a.IssuedAt == nil {
		return a
	}
	a.Weakened, a.Basis, a.Version = false, nil, 2
	if a.State == AlertRetracted {
		a.Version = 3
	}
	return a
}

// AlertText is what an alert tells everybody.
type AlertText struct {
	Substances []string
	Advice     []string
	Note       string
	ValidUntil Date
}

// NewAlert is an alert that somebody issues of their own.
type NewAlert struct {
	Kind   string
	Region string
	Place  string
	AlertText
}

// maxAlertDays is how long an alert may run: an old one teaches people not to read them.
const maxAlertDays = 90

// Check validates a new alert in a country.
func (n NewAlert) Check(country string, today Date) error {
	var c Checks
	requireCode(&c, "alert_kind", n.Kind, "/kind")
	c.Require(RegionKnown(country, n.Region, today), "/region", "alert.region_unknown")
	c.Require(n.Place == "" || InList("overdose_place", n.Place), "/place", "entry.code_not_in_list")
	n.check(&c, today)
	return c.Err()
}

// Check validates the text of an alert that is issued.
func (t AlertText) Check(today Date) error {
	var c Checks
	t.check(&c, today)
	return c.Err()
}

func (t AlertText) check(c *Checks, today Date) {
	requireCodes(c, substanceList, t.Substances, "/substances")
	c.Require(len(t.Advice) > 0, "/advice", "alert.advice_required")
	requireCodes(c, "alert_advice", t.Advice, "/advice")
	CheckText(c, "/note", t.Note)
	until, ok := ParseDate(string(t.ValidUntil))
	c.Require(ok, "/validUntil", "entry.not_a_date")
	c.Require(!ok || until >= today && until <= today.AddDays(maxAlertDays), "/validUntil", "alert.until_out_of_range")
}

// CheckRetraction validates why an alert is taken back.
func CheckRetraction(reason string) error {
	var c Checks
	requireCode(&c, "alert_retraction", reason, "/reason")
	return c.Err()
}

// Say puts the text into the alert.
func (a *Alert) Say(t AlertText) {
	a.Substances, a.Advice, a.Note, a.ValidUntil = orNone(t.Substances), orNone(t.Advice), strings.TrimSpace(t.Note), t.ValidUntil
}

func orNone(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// Issue makes the alert its issuer's.
func (a *Alert) Issue(t AlertText, by OrganisationID, at time.Time) error {
	state, err := AlertMachine.Next(a.State, "issue", Holder)
	if err != nil {
		return err
	}
	a.Say(t)
	a.State, a.OrganisationID, a.IssuedAt = state, by, &at
	a.Version++
	return nil
}

// Retract takes the alert back.
func (a *Alert) Retract(reason string) error {
	state, err := AlertMachine.Next(a.State, "retraction", Holder)
	if err != nil {
		return err
	}
	a.State, a.Retraction = state, reason
	a.Version++
	return nil
}
