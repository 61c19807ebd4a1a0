package storetest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"jol/models"
	"jol/models/store"
)

// columns are the columns of a table with their types, in lower case.
func (w *World) columns(t testing.TB, table string) map[string]string {
	t.Helper()
	query := "SELECT name, type FROM pragma_table_info('" + table + "')"
	if w.Engine == "postgres" {
		query = "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema || '.' || table_name = '" + table + "'"
	}
	rows, err := w.sqlDB(t).QueryContext(ctx, query)
	must(t, err)
	defer rows.Close()
	out := map[string]string{}
	for rows.Next() {
		var name, kind string
		must(t, rows.Scan(&name, &kind))
		out[name] = strings.ToLower(kind)
	}
	must(t, rows.Err())
	return out
}

// plant puts a row into a table: what the case does not say gets a value of its type.
func (w *World) plant(t testing.TB, table string, says map[string]any) {
	t.Helper()
	name := table
	if w.Engine == "postgres" {
		table = "public." + table
	}
	var names, marks []string
	var values []any
	for column, kind := range w.columns(t, table) {
		value, said := says[column]
		switch {
		case said:
		case column == "seq":
			continue
		case strings.HasSuffix(column, "_at") || column == "at" || strings.Contains(kind, "timestamp"):
			value = w.Now()
		case strings.Contains(kind, "bool"):
			value = false
		case strings.Contains(kind, "int"), strings.Contains(kind, "double"):
			value = 1
		case column == "id":
			value = uuid.NewString()
		default:
			value = ""
		}
		names, marks, values = append(names, column), append(marks, "?"), append(values, value)
	}
	w.exec(t, "INSERT INTO "+name+" ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(marks, ", ")+")", values...)
}

var tiesClient = regexp.MustCompile(`(^|_)client_id$|^with_id$|^(task|episode|order|receiver_order|transfer|spell|from_spell|consent|referral|entry|notice|overdose|subject|record|resource)_id$`)

// A column that ties a row to a client and that erasure does not know would leave the row.
func TestErase_KnowsEveryTie(t *testing.T) {
	Each(t, func(t *testing.T, w *World) {
		known := store.Ties()
		for _, table := range w.tables(t) {
			for column := range w.columns(t, table) {
				name := strings.TrimPrefix(strings.Replace(table, "linkage.entries", "linkage_entries", 1), "public.") + "." + column
				if tiesClient.MatchString(column) && !slices.Contains(known, name) {
					t.Errorf("erasure does not know %s: add it to ties in models/store/erase.go", name)
				}
			}
		}
	})
}

// everythingOf plants a row into every table that hangs on a client of the clinic.
func everythingOf(t *testing.T, c *Country, client, person string) {
	t.Helper()
	episode := scan[string](t, c.World, "SELECT min(id) FROM episodes WHERE client_id = ?", client)
	consent := scan[string](t, c.World, "SELECT min(id) FROM consents WHERE client_id = ?", client)
	other := scan[string](t, c.World, "SELECT min(id) FROM clients WHERE id <> ?", client)
	of := func(more ...any) map[string]any {
		row := map[string]any{"client_id": client, "person_id": person, "organisation_id": string(c.Clinic.ID), "episode_id": episode, "consent_id": consent}
		for i := 0; i < len(more); i += 2 {
			row[more[i].(string)] = more[i+1]
		}
		return row
	}
	id := uuid.NewString
	task, order, spell, overdose, notice, entry, transfer, theirs, duty := id(), id(), id(), id(), id(), id(), id(), id(), id()
	c.plant(t, "tasks", of("id", task, "state", "open", "kind", "call", "subject_id", entry))
	c.plant(t, "task_dues", map[string]any{"task_id": task})
	c.plant(t, "anchors", of("name", "admission"))
	c.plant(t, "entries", of("entry_id", entry, "kind", "screening", "category", "screening"))
	c.plant(t, "overdoses", of("id", overdose))
	c.plant(t, "naloxone_kits", of("state", "given", "overdose_id", overdose))
	c.plant(t, "dose_orders", of("id", order, "state", "active", "transfer_id", transfer))
	c.plant(t, "dose_order_versions", map[string]any{"order_id": order})
	c.plant(t, "court_duties", of("id", duty, "probation_id", string(c.Colony.ID)))
	c.plant(t, "referrals", map[string]any{"from_client_id": client, "from_organisation_id": string(c.Colony.ID), "to_organisation_id": string(c.NGO.ID),
		"supervision_id": duty, "consent_id": consent, "reason": "other", "state": "sent"})
	c.plant(t, "dose_events", of("order_id", order, "status", "given"))
	c.plant(t, "double_dosing", of("order_id", order, "state", "open"))
	c.plant(t, "dose_transfers", map[string]any{"from_organisation_id": string(c.Clinic.ID), "to_organisation_id": string(c.Polyclinic.ID), "from_client_id": client,
		"order_id": order, "consent_id": consent, "kind": "move", "state": "sent"})
	c.plant(t, "dose_transfers", map[string]any{"from_organisation_id": string(c.Polyclinic.ID), "to_organisation_id": string(c.Clinic.ID), "to_client_id": client,
		"id": transfer, "from_client_id": other, "receiver_order_id": order, "kind": "move", "state": "confirmed"})
	c.plant(t, "dose_transfers", map[string]any{"from_organisation_id": string(c.Polyclinic.ID), "to_organisation_id": string(c.Clinic.ID), "to_client_id": client,
		"kind": "move", "state": "requested"})
	c.plant(t, "custody_spells", of("id", spell, "institution_id", string(c.Colony.ID), "basis", "sentenced", "state", "released"))
	c.plant(t, "custody_spells", map[string]any{"client_id": other, "person_id": person, "organisation_id": string(c.NGO.ID), "institution_id": string(c.Colony.ID), "basis": "sentenced", "id": theirs, "state": "released", "from_spell_id": spell})
	c.plant(t, "planned_releases", of("spell_id", spell, "set_by_id", string(c.Clinic.ID)))
	c.plant(t, "custody_transfers", of("spell_id", spell, "from_organisation_id", string(c.Clinic.ID), "to_organisation_id", string(c.ColonyHealth.ID), "state", "ordered"))
	c.plant(t, "custody_transfers", map[string]any{"client_id": other, "spell_id": theirs, "to_client_id": client, "from_organisation_id": string(c.ColonyHealth.ID), "to_organisation_id": string(c.Clinic.ID), "state": "confirmed"})
	c.plant(t, "identity_changes", map[string]any{"client_id": other, "with_id": client, "organisation_id": string(c.Clinic.ID), "kind": "merge", "state": "approved"})
	c.plant(t, "consent_versions", of())
	c.plant(t, "episode_contacts", of())
	c.plant(t, "release_cases", of("spell_id", spell, "state", "closed"))
	c.plant(t, "functional_notes", of("spell_id", spell, "institution_id", string(c.Colony.ID)))
	c.plant(t, "notices", of("id", notice, "subject_id", task, "state", "open"))
	c.plant(t, "deliveries", map[string]any{"notice_id": notice, "channel": "email", "state": "pending"})
	c.plant(t, "break_glass", of())
	c.plant(t, "disclosures", of("categories", "[]"))
	for _, tie := range store.Ties() {
		table, column, _ := strings.Cut(tie, ".")
		if table == "linkage_entries" && c.Engine == "postgres" {
			table = "linkage.entries"
		}
		if count(t, c.World, table+" WHERE "+column+" <> ''") == 0 {
			t.Errorf("%s: plant a row of the client's that has it, or erasing it is not tested", tie)
		}
	}
}

func TestErase_LeavesTheTrailAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse, outreach := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNGOOutreach, c.NGO)
		// Referred in by the NGO, and on to the polyclinic; an episode, a merge that waits.
		ngoCode, code, _ := c.Joined(outreach, nurse, 1, c.Clinic)
		client := scan[string](t, c.World, "SELECT id FROM clients WHERE organisation_id = ?", string(c.Clinic.ID))
		person := scan[string](t, c.World, "SELECT person_id FROM clients WHERE id = ?", client)
		k := nurse.Give(code, models.PurposeReferral, c.Polyclinic, models.CatTreatmentFact)
		sent := nurse.Refer(code, Asking(c.Polyclinic))
		episode := nurse.Start(code)
		must(t, second(nurse.New().RequestIdentityChange(ctx, code, "split", "")))
		everythingOf(t, c, client, person)
		keep := nurse.Register(2)
		trail := c.events(t, 0)
		ids := map[string]bool{client: true, k.ID: true, sent.ID: true, episode.ID: true}
		for _, table := range c.tables(t) {
			columns := c.columns(t, table)
			if _, ok := columns["client_id"]; !ok || strings.HasSuffix(table, "disclosures") || columns["id"] == "" {
				continue
			}
			for _, v := range c.strings(t, "SELECT id FROM "+table+" WHERE client_id = '"+client+"'") {
				ids[v] = true
			}
		}
		kit := c.strings(t, "SELECT id FROM naloxone_kits")[0]
		delete(ids, kit) // stock: it stays, about nobody

		must(t, c.EraseClient(ctx, c.Clinic.ID, code))

		for _, v := range c.dump(t) {
			table := strings.TrimPrefix(v.table, "public.")
			for id := range ids {
				gone := table == "changes" && v.column == "record_id"
				if strings.Contains(v.text, id) && !strings.HasPrefix(table, "audit_") && table != "disclosures" && !gone {
					t.Errorf("%s.%s still holds %s", table, v.column, id)
				}
			}
			if strings.Contains(v.text, code) && table != "changes" {
				t.Errorf("%s.%s still holds the code", table, v.column)
			}
		}
		if n := count(t, c.World, "changes WHERE NOT gone AND record_id NOT IN (SELECT id FROM clients) AND record_id NOT IN (SELECT id FROM referrals) AND record_id NOT IN (SELECT id FROM consents)"); n != 0 {
			t.Errorf("%d lines of the feeds name what is not there", n)
		}
		// The trail is whole, with one event more.
		after := c.events(t, 0)
		if len(after) != len(trail)+1 || after[len(trail)].Action != "client.erase" || after[len(trail)].Actor != "system" {
			t.Errorf("%d events, then %d: %+v", len(trail), len(after), after[len(after)-1])
		}
		for i, e := range trail {
			if fmt.Sprint(e) != fmt.Sprint(after[i]) {
				t.Errorf("event %d was changed", e.Seq)
			}
		}
		// Like absent, to the organisation and to the others.
		for _, err := range []error{
			second2(nurse.New().GetClient(ctx, code)), second2(nurse.New().GetEpisode(ctx, episode.ID)), second2(nurse.New().GetConsent(ctx, k.ID)),
			second2(nurse.New().GetReferral(ctx, sent.ID)), second2(c.As(models.RoleNurse, c.Polyclinic).New().GetReferral(ctx, sent.ID)),
		} {
			if !models.IsKind(err, models.KindNotFound) {
				t.Errorf("not like absent: %v", err)
			}
		}
		// What the NGO wrote is the NGO's; the person is its again.
		seen, err := outreach.New().GetClient(ctx, ngoCode)
		must(t, err)
		if seen.ResponsibleID != c.NGO.ID {
			t.Error("nobody who knows the person is responsible")
		}
		must(t, second2(nurse.New().GetClient(ctx, keep)))
		if n := count(t, c.World, "persons"); n != 2 {
			t.Errorf("%d persons", n)
		}
		wantError(t, c.EraseClient(ctx, c.Clinic.ID, code), models.KindNotFound, "client.not_found")
		// Everybody who was told is told.
		feed := c.feed(t, c.As(models.RoleNurse, c.Polyclinic), "")
		if !slices.Contains(feed.Items, store.Change{Kind: "gone", Was: "referral", ID: sent.ID}) {
			t.Errorf("the receiver is not told: %+v", feed.Items)
		}
		if feed := c.feed(t, nurse, ""); !slices.Contains(feed.Items, store.Change{Kind: "gone", Was: "client", ID: code}) || slices.Contains(feed.Items, store.Change{Kind: "client", ID: code}) {
			t.Errorf("the organisation is not told: %+v", feed.Items)
		}
	})
}

func second2[T any](_ T, err error) error { return err }

// strings reads one column as text.
func (w *World) strings(t testing.TB, query string) (out []string) {
	t.Helper()
	rows, err := w.sqlDB(t).QueryContext(ctx, query)
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var v string
		must(t, rows.Scan(&v))
		out = append(out, v)
	}
	must(t, rows.Err())
	return out
}

// Sealed releases stay as they are, bytes and ledger.
func TestErase_DoesNotTouchReleases(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		code := nurse.Register(1)
		c.plant(t, "releases", map[string]any{"id": "KZ-2026Q1-final", "status": "final", "profile": "ministry", "country": "KZ", "period": "2026Q1"})
		c.plant(t, "release_tables", map[string]any{"release_id": "KZ-2026Q1-final", "table_id": "TDI01.drug", "json": "{}"})
		before := fmt.Sprint(c.dump(t, "releases", "release_tables"))
		must(t, c.EraseClient(ctx, c.Clinic.ID, code))
		if after := fmt.Sprint(c.dump(t, "releases", "release_tables")); after != before {
			t.Errorf("before %s\nafter %s", before, after)
		}
	})
}

func TestRetention_ErasesWhatIsOverAndNothingInUse(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		old, treated, closed := nurse.Register(1), nurse.Register(2), nurse.Register(3)
		nurse.Start(treated) // still open: however old, it stays
		e := nurse.Start(closed)
		must(t, second2(nurse.On(e.Version).CloseEpisode(ctx, e.ID, models.EpisodeClosure{On: c.Today(), Reason: "1"})))
		rule, ok := models.RetentionOf("KZ")
		if !ok {
			t.Fatal("no rule")
		}
		c.Advance(9 * 365 * 24 * time.Hour)
		young := nurse.Register(4)
		r, err := c.Retention(ctx, rule, true)
		must(t, err)
		if r.Clients != 0 {
			t.Fatalf("%+v", r)
		}
		c.Advance(2 * 365 * 24 * time.Hour)
		dry, err := c.Retention(ctx, rule, true)
		must(t, err)
		if n := count(t, c.World, "clients"); dry.Clients != 2 || dry.Keys == 0 || n != 4 {
			t.Fatalf("a dry run: %+v, %d clients", dry, n)
		}
		done, err := c.Retention(ctx, rule, false)
		must(t, err)
		if done.Clients != dry.Clients || done.Keys == 0 || done.Keys > dry.Keys { // some went with their records
			t.Errorf("%+v, the dry run said %+v", done, dry)
		}
		for code, there := range map[string]bool{old: false, closed: false, treated: true, young: true} {
			if _, err := nurse.New().GetClient(ctx, code); (err == nil) != there {
				t.Errorf("%s: %v", code, err)
			}
		}
		again, err := c.Retention(ctx, rule, false)
		must(t, err)
		if again.Clients != 0 || again.Keys != 0 {
			t.Errorf("a second run: %+v", again)
		}
	})
}
