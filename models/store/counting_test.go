package store

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"jol/models"
)

// countedTables are the tables that counting reads, each with the kind of the change feeds
// that tells of a write to it; empty for what no write of a record changes.
var countedTables = map[string]string{
	"clients": "client", "persons": "client", "consents": "consent", "episodes": "episode", "episode_contacts": "episode", "entries": "entry", "naloxone_kits": "naloxone_kit",
	"overdoses": "overdose", "referrals": "referral", "custody_spells": "custody_spell", "dose_orders": "dose_order", "dose_order_versions": "dose_order",
	"dose_events": "dose_order", "organisations": "",
}

// Whoever makes counting read another table is asked here what else must know of it: which
// feed tells that two snapshots differ (countedKinds), and whether a late row of it is a change
// for the gate of a revision (changedSQL).
func TestCounting_EveryTableReadIsToldOf(t *testing.T) {
	t.Parallel()
	s := &Store{dialect: "postgres"}
	sql := s.countingSQL()
	own := map[string]bool{"changes": true, s.linkTable(): true} // the feed itself; linkage comes with its client
	for _, m := range regexp.MustCompile(`(?:WITH |,\n)([a-z_]+) AS `).FindAllStringSubmatch(sql, -1) {
		own[m[1]] = true
	}
	read := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?:FROM|JOIN) ([a-z_.]+)`).FindAllStringSubmatch(sql, -1) {
		read[m[1]] = !own[m[1]]
	}
	maps.DeleteFunc(read, func(_ string, table bool) bool { return !table })
	for table := range read {
		kind, ok := countedTables[table]
		if !ok || kind != "" && !slices.Contains(countedKinds, kind) {
			t.Errorf("%s is counted: name the kind of its feed here and in countedKinds, and think of changedSQL", table)
		}
	}
	for table, kind := range countedTables {
		if _, ok := models.FeedKinds[kind]; !read[table] || kind != "" && !ok {
			t.Errorf("%s (%s) is not counted, or is a kind that is told to nobody", table, kind)
		}
	}
	if len(read) != len(countedTables) || !strings.Contains(sql, "clients c") {
		t.Errorf("%v", slices.Sorted(maps.Keys(read)))
	}
}
