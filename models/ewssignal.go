package models

import "slices"

// The rule of signals, an editorial default [E]: a class of substances, or a name, rises when
// at least three reports of the last three months have it and they are at least twice the mean
// of the four quarters before. Months are all that a report says, so that a quarter is three
// calendar months and the last of them is the present one.
const (
	SignalReports  = 3
	signalMonths   = 3
	signalQuarters = 4
	signalRise     = 2
)

// Signal is a class of substances, or a name, that is reported more often than before, in a
// region or in the country. It rests on three reports at least, and says how many to nobody.
type Signal struct {
	Region   string // empty: the country
	NPSClass string // of a class; empty for a name
	Name     string // as the newest report writes it; empty for a class
	Key      string // of the name: one for the ways to write it
	Reports  []string
}

// SignalWindow is the first day of the months that can rise.
func SignalWindow(today Date) Date { return firstOfMonth(today).AddMonths(1 - signalMonths) }

// SignalHistory is the first day of what the rule looks back at.
func SignalHistory(today Date) Date {
	return SignalWindow(today).AddMonths(-signalMonths * signalQuarters)
}

func firstOfMonth(d Date) Date { return d[:len("2006-01")] + "-01" }

// SignalsOf says what rises with a report. reports are those since SignalHistory, the report
// among them. A region with too few reports of its own is not named: the signal is the
// country's then, so that it never points to a single event.
func SignalsOf(r *EWSReport, reports []EWSReport, today Date) []Signal {
	var signals []Signal
	rises := func(s Signal, is func(*EWSReport) bool) {
		for _, region := range []string{r.Region, ""} {
			s.Region = region
			if s.Reports = rising(reports, region, is, today); s.Reports != nil {
				signals = append(signals, s)
				return
			}
		}
	}
	if r.NPSClass != "unknown" && r.NPSClass != "other" { // neither is one kind of thing
		rises(Signal{NPSClass: r.NPSClass}, func(x *EWSReport) bool { return x.NPSClass == r.NPSClass })
	}
	var keys []string
	for _, name := range slices.Concat(r.SuspectedNames, r.StreetNames) {
		key := nameKey(name)
		if !slices.Contains(keys, key) {
			keys = append(keys, key)
			rises(Signal{Name: name, Key: key}, func(x *EWSReport) bool { return x.named(key) })
		}
	}
	return signals
}

func (r *EWSReport) named(key string) bool {
	is := func(name string) bool { return nameKey(name) == key }
	return slices.ContainsFunc(r.SuspectedNames, is) || slices.ContainsFunc(r.StreetNames, is)
}

// rising returns the ids of the reports of the last months if they are a rise, nil otherwise.
func rising(reports []EWSReport, region string, is func(*EWSReport) bool, today Date) []string {
	window, history := SignalWindow(today), SignalHistory(today)
	var now []string
	before := 0
	for i := range reports {
		r := &reports[i]
		switch {
		case r.State == EWSRetracted || region != "" && r.Region != region || !is(r) || r.Month < history || r.Month > today:
		case r.Month >= window:
			now = append(now, r.ID)
		default:
			before++
		}
	}
	if len(now) < SignalReports || len(now)*signalQuarters < signalRise*before {
		return nil
	}
	return now
}
