package models

import "time"

// OwnFigures are an organisation's exact counts of its own rows: what had happened by the
// end of a civil day and was recorded by then. They are about no other organisation's
// clients and never leave it; what is published comes from sealed releases.
type OwnFigures struct {
	AsOf Date
	// KnownUntil is the moment up to which records were looked at: the end of the day, or
	// now while the day lasts.
	KnownUntil time.Time
	Figures    []OwnFigure
}

// OwnFigure is one count. Value is nil where the records cannot say what it was on the
// day, and Reason says why.
type OwnFigure struct {
	Name     string
	Part     string   // which part of the figure; empty for the whole
	Category Category // whose rows were counted
	From     Date     // first day of the period, where there is one
	Value    *int64
	Of       *int64 // what Value is a part of; nil for a plain count
	Reason   string
}

// Reasons why a figure of a past day has no value.
const (
	ReasonStatesNotKept   = "state_history_not_kept"    // an episode keeps its present state only
	ReasonHospitalNotKept = "hospital_history_not_kept" // a soft limit stands still in hospital; past stays are not kept
	ReasonConsentsDecide  = "consents_of_today_decide"  // a receiver counts what consents in force let it see
	ReasonAnswersNotKept  = "answer_time_not_kept"      // a referral keeps its present state only
)

// OwnFiguresMonths is the period of the figures that have one: releases and completeness
// look at the twelve months that end with the day.
const OwnFiguresMonths = 12

// WaitedLong is after how many days somebody waits too long for care (indicators, WAITQ).
const WaitedLong = 21

// CheckAsOf validates the day that figures are asked for, on the civil date today.
func CheckAsOf(asOf, today Date) error {
	var c Checks
	_, ok := ParseDate(string(asOf))
	c.Require(ok, "/asOf", "own_figures.as_of_not_a_date")
	c.Require(!ok || asOf <= today, "/asOf", "own_figures.as_of_in_future")
	return c.Err()
}

// OpenEpisodeStates lists the states of an episode that has not ended.
func OpenEpisodeStates() []string { return openEpisodeStates }

// UnansweredReferralStates lists the states of a referral that waits for an answer.
func UnansweredReferralStates() []string { return unanswered }
