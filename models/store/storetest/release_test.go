package storetest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
)

// counter is a sealer that keeps what it was given and publishes nothing of it.
type counter struct {
	mu      sync.Mutex
	clients []models.ClientRows
	keys    [][]byte
}

func (k *counter) begin(req models.SealRequest) (models.Sealing, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.clients = nil
	return &sealing{k, req}, nil
}

type sealing struct {
	counter *counter
	req     models.SealRequest
}

func (s *sealing) AddClient(rows models.ClientRows) error {
	s.counter.mu.Lock()
	defer s.counter.mu.Unlock()
	s.counter.clients = append(s.counter.clients, rows)
	return nil
}

func (s *sealing) Seal(key []byte) (*models.Release, error) {
	s.counter.mu.Lock()
	defer s.counter.mu.Unlock()
	s.counter.keys = append(s.counter.keys, slices.Clone(key))
	id := s.req.ReleaseID()
	return &models.Release{
		ID: id, Country: s.req.Country, Period: s.req.Period, Status: s.req.Status, Profile: s.req.Profile, Plan: "p1", Budget: 1.5, SHA256: "00",
		Tables: []models.ReleaseTable{
			{ReleaseID: id, TableID: "b", Position: 2, Title: "B", Dimensions: []string{}, JSON: `{"b":1}`},
			{ReleaseID: id, TableID: "a", Position: 1, Title: "A", Dimensions: []string{"region", "sex"}, JSON: `{"a":1}`},
		},
	}, nil
}

func quarter(period string) models.SealRequest {
	return models.SealRequest{Country: "KZ", Period: period, Status: "final", Profile: "ministry"}
}

func (c *Country) sealer(t testing.TB) (Worker, *counter) {
	t.Helper()
	k := &counter{}
	s := c.Open(t, func(o *store.Options) { o.Sealer = k.begin })
	return c.As(models.RoleReleaseSteward, c.Ministry).Through(s), k
}

func TestRelease_IsSealedOnce(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		steward, k := c.sealer(t)
		req := Key("seal")
		r, out, err := steward.With(req).SealRelease(ctx, quarter("2026Q3"))
		must(t, err)
		if r.ID != "KZ-2026Q3-final" || !r.SealedAt.Equal(c.Now()) || out.Replayed || len(k.keys) != 1 || len(k.keys[0]) != 32 {
			t.Fatalf("%+v %+v", r, out)
		}
		again, out, err := steward.With(req).SealRelease(ctx, quarter("2026Q3"))
		must(t, err)
		if !out.Replayed || again.ID != r.ID || len(k.keys) != 1 {
			t.Fatal("a retry drew again")
		}
		_, _, err = steward.New().SealRelease(ctx, quarter("2026Q3"))
		wantError(t, err, models.KindConflict, "release.sealed_already")
		got, err := steward.New().GetRelease(ctx, r.ID)
		must(t, err)
		if len(got.Tables) != 2 || got.Tables[0].TableID != "a" || got.Tables[0].JSON != "" || !slices.Equal(got.Tables[0].Dimensions, []string{"region", "sex"}) || got.Tables[1].Dimensions == nil {
			t.Fatalf("%+v", got)
		}
		list, err := steward.New().ListReleases(ctx, store.Paging{Limit: 5})
		if err != nil || len(list.Items) != 1 || len(list.Items[0].Tables) != 2 {
			t.Fatalf("%+v %v", list, err)
		}
		table, err := steward.New().GetReleaseTable(ctx, r.ID, "a")
		if err != nil || table.JSON != `{"a":1}` {
			t.Fatalf("%+v %v", table, err)
		}
		_, err = steward.New().GetReleaseTable(ctx, r.ID, "ax")
		wantError(t, err, models.KindNotFound, "release.not_in_plan")
		if !strings.Contains(err.Error(), "nearest are a, b") {
			t.Error(err)
		}
		_, err = steward.New().GetReleaseTable(ctx, "KZ-2025-annual", "a")
		wantError(t, err, models.KindNotFound, "release.not_found")
		for _, w := range []Worker{c.As(models.RoleClinician, c.Clinic), c.As(models.RoleAdministrator, c.Ministry)} {
			_, err = w.New().GetRelease(ctx, r.ID)
			wantError(t, err, models.KindNotFound, "release.not_found")
			_, err = w.New().GetReleaseTable(ctx, r.ID, "a")
			wantError(t, err, models.KindNotFound, "release.not_found")
		}
	})
}

func TestRelease_TheLastSealedComesFirst(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		steward, _ := c.sealer(t)
		want := []string{"2026Q3", "2025Q1", "2026Q1", "2024Q4", "2026Q2"}
		for i, period := range want {
			if i != 2 { // two in one moment go by id
				c.Advance(time.Duration(i) * 250 * time.Millisecond)
			}
			must(t, second(steward.New().SealRelease(ctx, quarter(period))))
		}
		var got []string
		for cursor := ""; ; {
			page, err := steward.New().ListReleases(ctx, store.Paging{Limit: 2, Cursor: cursor})
			must(t, err)
			for _, r := range page.Items {
				got = append(got, r.Period)
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		slices.Reverse(want)
		if !slices.Equal(got, want) {
			t.Errorf("listed %v, want %v", got, want)
		}
	})
}

// A connection that ends once the ledger is written costs nothing: the release is kept.
func TestRelease_IsKeptWhenTheCallerLeaves(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		steward, _ := c.sealer(t)
		size := func() int64 {
			i, err := os.Stat(c.Ledger)
			if err != nil {
				return 0
			}
			return i.Size()
		}
		for _, period := range []string{"2020Q1", "2020Q2", "2020Q3", "2020Q4"} {
			caller, leave := context.WithCancel(ctx)
			before, sealed := size(), make(chan struct{})
			go func() {
				defer leave()
				for size() == before {
					select {
					case <-sealed:
						return
					default:
					}
				}
			}()
			r, _, err := steward.New().SealRelease(caller, models.SealRequest{Country: "KZ", Period: period, Status: "final", Profile: "ministry"})
			close(sealed)
			must(t, err)
			_, err = steward.New().GetRelease(ctx, r.ID)
			must(t, err)
		}
	})
}

func TestRelease_LedgerOutlivesTheDatabase(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		steward, _ := c.sealer(t)
		_, _, err := steward.New().SealRelease(ctx, quarter("2026Q3"))
		must(t, err)
		for _, table := range []string{"release_tables", "releases", "idempotency_keys"} { // as a restored backup would
			_, err := c.sqlDB(t).ExecContext(ctx, "DELETE FROM "+table)
			must(t, err)
		}
		_, _, err = steward.New().SealRelease(ctx, quarter("2026Q3"))
		wantError(t, err, models.KindConflict, "release.sealed_already")
		must(t, second(steward.New().SealRelease(ctx, quarter("2026Q4"))))
	})
}

func second[A, B any](_ A, _ B, err error) error { return err }

func TestRelease_IsChecked(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		steward, _ := c.sealer(t)
		other := quarter("2026Q3")
		other.Country = "KG"
		_, _, err := steward.New().SealRelease(ctx, other)
		wantError(t, err, models.KindInvalid, "release.country_not_served")
	})
}

func TestRelease_OneOfManyIsPublished(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		steward, _ := c.sealer(t)
		var made atomic.Int32
		together(8, func(int) {
			_, _, err := steward.New().SealRelease(ctx, quarter("2026Q3"))
			if err == nil {
				made.Add(1)
			} else if !models.IsKind(err, models.KindConflict) {
				t.Errorf("%v", err)
			}
		})
		if made.Load() != 1 || count(t, c.World, "releases") != 1 {
			t.Fatalf("%d of 8 sealed the same release", made.Load())
		}
	})
}

// A transaction that lost a race runs again, and must not take its own line in the
// ledger for an earlier sealing.
func TestRelease_SealingSurvivesALostRace(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		if c.Engine == "postgres" { // SQLite has one writer, and so no such race
			for _, s := range []string{
				"CREATE SEQUENCE tries",
				"CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF nextval('tries') < 3 THEN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END IF; RETURN NEW; END $$",
				"CREATE TRIGGER lose BEFORE INSERT ON releases FOR EACH ROW EXECUTE FUNCTION lose()",
			} {
				_, err := c.sqlDB(t).ExecContext(ctx, s)
				must(t, err)
			}
		}
		steward, _ := c.sealer(t)
		must(t, second(steward.New().SealRelease(ctx, quarter("2026Q3"))))
		if n := count(t, c.World, "releases"); n != 1 {
			t.Fatalf("%d releases", n)
		}
	})
}

// counted renders how rows were grouped, without keys.
func (c *Country) counted(t testing.TB, steward Worker, k *counter, period string) string {
	t.Helper()
	must(t, second(steward.New().SealRelease(ctx, quarter(period))))
	var groups []string
	for _, rows := range k.clients {
		groups = append(groups, fmt.Sprintf("%d+%d", len(rows.Episodes), len(rows.Referrals)))
	}
	slices.Sort(groups)
	text, err := json.Marshal(groups)
	must(t, err)
	return string(text)
}

func TestRelease_CountsALinkedPersonOnce(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		steward, k := c.sealer(t)
		health, clinic, poly := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		n, handles := 0, map[string]string{}
		for name, w := range map[string]Worker{"health": health, "clinic": clinic, "poly": poly} {
			handles[name] = w.Register(1) // one UIC, three organisations, no act of care
			w.Start(handles[name])
		}
		expect := func(when, want string) {
			t.Helper()
			n++
			if got := c.counted(t, steward, k, fmt.Sprintf("20%02dQ1", n)); got != want {
				t.Errorf("%s: %s, want %s", when, got, want)
			}
		}
		expect("without consent", `["1+0","1+0","1+0"]`)
		clinic.Give(handles["clinic"], models.PurposeLinkageFacility, nil)
		expect("one clinic allows it", `["1+0","1+0","1+0"]`)
		facility := poly.Give(handles["poly"], models.PurposeLinkageFacility, nil)
		expect("both clinics allow linkage between facilities", `["1+0","2+0"]`)
		health.Give(handles["health"], models.PurposeLinkageFacility, nil)
		expect("the prison allows it too, but is another sector", `["1+0","2+0"]`)
		for name, w := range map[string]Worker{"health": health, "clinic": clinic} {
			w.Give(handles[name], models.PurposeLinkageSector, nil)
		}
		expect("linkage across sectors at two", `["1+0","2+0"]`)
		across := poly.Give(handles["poly"], models.PurposeLinkageSector, nil)
		expect("at all three", `["3+0"]`)
		poly.Withdraw(across.ID)
		poly.Withdraw(facility.ID)
		expect("withdrawn at one", `["1+0","2+0"]`)
		c.Advance(366 * 24 * time.Hour)
		expect("expired", `["1+0","1+0","1+0"]`)
	})
}

func TestRelease_CountsByPersonAndNeverByPoorInitials(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		steward, k := c.sealer(t)
		health, clinic := c.As(models.RolePrisonMedical, c.ColonyHealth), c.As(models.RoleNurse, c.Clinic)
		a, b, _ := c.Joined(health, clinic, 1, c.Clinic)
		health.Start(a)
		clinic.Start(b)
		poor := Someone(2)
		poor.MotherInitials = ""
		for range 2 {
			p, _, err := clinic.New().RegisterClient(ctx, poor)
			must(t, err)
			clinic.Start(p.Handle())
			clinic.Give(p.Handle(), models.PurposeLinkageSector, nil)
		}
		if got := c.counted(t, steward, k, "2026Q3"); got != `["1+0","1+0","2+1"]` {
			t.Fatal(got)
		}
		i := slices.IndexFunc(k.clients, func(r models.ClientRows) bool { return len(r.Referrals) == 1 })
		rows := k.clients[i]
		slices.SortFunc(rows.Episodes, func(a, b models.EpisodeRow) int { return cmp.Compare(a.CentreType, b.CentreType) })
		e := rows.Episodes[1]
		if e.Region != "KZ-75" || e.Sex != "M" || e.AgeAtStart != 41 || e.CentreType != "3" || e.PrimaryDrug != "11" || e.Start != c.Today() || e.End != "" ||
			e.LastContact != c.Today() || !e.Structured {
			t.Fatalf("%+v", e)
		}
		if want := scan[int64](t, c.World, "SELECT sdc_key FROM persons WHERE id = ?", c.person(t, c.Clinic, b)); rows.SDCKey != want {
			t.Fatal("the record key is not the person's")
		}
	})
}

// A referral sent after midnight in Almaty belongs to the new day, though not in UTC.
func TestRelease_DatesAreCivil(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		steward, k := c.sealer(t)
		c.Advance(14 * time.Hour) // 20:00 UTC
		nurse, other := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleNurse, c.Polyclinic)
		handle := nurse.Register(1)
		nurse.Give(handle, models.PurposeReferral, c.Polyclinic)
		other.Move(other.Move(nurse.Refer(handle, Asking(c.Polyclinic)), "acceptance"), "attendance")
		c.counted(t, steward, k, "2026Q3")
		if r := k.clients[0].Referrals[0]; r.SentOn != "2026-10-06" || r.AttendedOn != "2026-10-06" || r.Region != "KZ-75" {
			t.Fatalf("%+v", r)
		}
	})
}
