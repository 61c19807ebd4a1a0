package storetest

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"jol/models"
	"jol/models/store"
)

// past is what happened to the releases of a world: the reference that the store is held to.
type past struct {
	at    map[string]int // release id to the tick of its sealing
	tick  int
	fact  int // the tick of the last counted record
	day   int // the tick on which the day began
	order map[string]int
}

// expected is the code of the refusal; empty when the release may be sealed.
func (p *past) expected(req models.SealRequest, restored bool) string {
	if _, ok := p.at[req.ReleaseID()]; ok {
		return "release.sealed_already"
	}
	for id := range p.at {
		part := strings.Split(id, "-")
		if strings.HasPrefix(req.Period, part[1]) && p.order[part[2]] > p.order[req.Status] {
			return "release.superseded"
		}
	}
	for _, profile := range []string{"ministry", "open_data"} {
		twin := req
		twin.Profile = profile
		if at, ok := p.at[twin.ReleaseID()]; ok && (restored || at < p.fact || at < p.day) {
			return "release.counted_apart"
		}
	}
	return ""
}

// Whatever the order in which releases are asked for, and whether or not a backup was
// restored between: no late record reaches print by an earlier status or the other profile.
func TestRelease_OrderHoldsInAnySequence(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		steward, _ := c.sealer(t)
		nurse := c.As(models.RoleNurse, c.Clinic)
		random := rand.New(rand.NewPCG(7, 7))
		p := &past{at: map[string]int{}, order: map[string]int{"provisional": 1, "final": 2, "annual": 3, "revision": 4}}
		met := map[string]int{}
		restored, people := false, 0
		for range 150 {
			p.tick++
			c.Advance(time.Second)
			switch n := random.IntN(12); {
			case n == 0:
				people++
				nurse.Start(nurse.Register(people))
				p.fact = p.tick
				continue
			case n == 1:
				c.Advance(24 * time.Hour)
				p.day = p.tick
				continue
			case n == 2 && p.tick > 100 && !restored: // as a backup from before the first sealing
				for _, table := range []string{"release_tables", "releases", "idempotency_keys"} {
					_, err := c.sqlDB(t).ExecContext(ctx, "DELETE FROM "+table)
					must(t, err)
				}
				restored = true
				continue
			}
			req := models.SealRequest{Country: "KZ", Profile: []string{"ministry", "open_data"}[random.IntN(2)]}
			if random.IntN(4) == 0 {
				req.Period, req.Status = []string{"2024", "2025"}[random.IntN(2)], []string{"annual", "annual", "revision"}[random.IntN(3)]
			} else {
				req.Period = []string{"2024Q4", "2025Q3", "2025Q4", "2026Q1", "2026Q2"}[random.IntN(5)]
				req.Status = []string{"provisional", "final"}[random.IntN(2)]
			}
			want := p.expected(req, restored && !slices.Contains(texts(t, c, "SELECT id FROM releases"), twinOf(req)))
			_, _, err := steward.New().SealRelease(ctx, req)
			got := ""
			var refusal *models.Error
			if errors.As(err, &refusal) {
				got = refusal.Code
			} else {
				must(t, err)
			}
			if got != want {
				t.Fatalf("%s after %v: %q, want %q", req.ReleaseID(), p.at, got, want)
			}
			met[cmp.Or(got, "sealed")]++
			if got == "" {
				p.at[req.ReleaseID()] = p.tick
			}
		}
		if !restored {
			t.Error("no backup was restored")
		}
		for _, code := range []string{"sealed", "release.sealed_already", "release.superseded", "release.counted_apart"} {
			if met[code] == 0 {
				t.Errorf("%s was never met: %v", code, met)
			}
		}
	})
}

func twinOf(r models.SealRequest) string {
	r.Profile = map[string]string{"ministry": "open_data", "open_data": "ministry"}[r.Profile]
	return r.ReleaseID()
}

func TestRelease_BothProfilesRestOnOneCounting(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		steward, k := c.sealer(t)
		nurse := c.As(models.RoleNurse, c.Clinic)
		nurse.Start(nurse.Register(1))
		both := quarter("2026Q3")
		both.Profile = models.ProfileBoth
		req := Key("both")
		r, _, err := steward.With(req).SealRelease(ctx, both)
		must(t, err)
		if ids := texts(t, c, "SELECT id FROM releases ORDER BY id"); r.ID != "KZ-2026Q3-final" || !slices.Equal(ids, []string{"KZ-2026Q3-final", "KZ-2026Q3-final-open_data"}) {
			t.Fatalf("%s %v", r.ID, ids)
		}
		if n := len(texts(t, c, "SELECT DISTINCT CAST(cutoff AS TEXT) FROM releases")); n != 1 {
			t.Errorf("%d cutoffs", n)
		}
		if len(k.keys) != 2 || slices.Equal(k.keys[0], k.keys[1]) {
			t.Error("two releases were drawn with one key")
		}
		if n := scan[int64](t, c.World, "SELECT COUNT(*) FROM audit_events WHERE action = 'release.create' AND objects LIKE '%KZ-2026Q3-final\"%' AND objects LIKE '%open_data%'"); n != 1 {
			t.Errorf("%d events name both", n)
		}
		if _, out, err := steward.With(req).SealRelease(ctx, both); err != nil || !out.Replayed {
			t.Errorf("a retry: %+v %v", out, err)
		}
		_, _, err = steward.New().SealRelease(ctx, both)
		wantError(t, err, models.KindConflict, "release.sealed_already")
		if n := scan[int64](t, c.World, "SELECT COUNT(*) FROM audit_events WHERE action = 'release.refusal' AND objects LIKE '%KZ-2026Q3-final%'"); n != 1 {
			t.Errorf("%d events of the refusal", n)
		}
	})
}

// lateSealing lets something be written when its snapshot was read and nothing is kept yet.
type lateSealing struct {
	models.Sealing
	write func()
}

func (s *lateSealing) Seal(key []byte) (*models.Release, error) {
	s.write()
	return s.Sealing.Seal(key)
}

// A write that began before a counting and was committed after its snapshot is not in the
// release, whatever its time says: the other profile, which would have it, is refused.
// What neither snapshot has parts nobody.
func TestRelease_ProfilesShareASnapshotAndNotATime(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		nurse := c.As(models.RoleNurse, c.Clinic)
		people, k := 0, &counter{}
		write := func(began time.Duration) {
			people++
			handle := nurse.Register(people)
			c.Advance(-began)
			nurse.Start(handle)
			c.Advance(began)
		}
		late := func() {}
		s := c.Open(t, func(o *store.Options) {
			o.Sealer = func(req models.SealRequest) (models.Sealing, error) {
				inner, err := k.begin(req)
				return &lateSealing{inner, func() { late() }}, err
			}
		})
		steward := c.As(models.RoleReleaseSteward, c.Ministry).Through(s)
		seal := func(period, profile string) error {
			req := quarter(period)
			req.Profile = profile
			_, _, err := steward.New().SealRelease(ctx, req)
			return err
		}
		write(0)
		for period, began := range map[string]time.Duration{"2026Q1": 0, "2026Q2": 5 * time.Second} {
			c.Advance(time.Minute)
			late = func() { write(began) }
			must(t, seal(period, "ministry"))
			counted := len(k.clients)
			late = func() {}
			wantError(t, seal(period, "open_data"), models.KindConflict, "release.counted_apart")
			if len(k.clients) > counted {
				t.Errorf("%s: counted again with %d persons, before %d", period, len(k.clients), counted)
			}
		}
		must(t, seal("2025Q4", "ministry"))
		late = func() { write(5 * time.Second) } // in neither snapshot
		must(t, seal("2025Q4", "open_data"))
	})
}

// Two stewards who seal the two profiles while people are registered: where both are sealed,
// both were counted from the same records.
func TestRace_ProfilesSealedApartHaveTheSameRecords(t *testing.T) {
	each(t, func(t *testing.T, c *Country) {
		var mu sync.Mutex
		counted := map[string]int{}
		s := c.Open(t, func(o *store.Options) {
			o.Sealer = func(req models.SealRequest) (models.Sealing, error) {
				k := &counter{}
				inner, err := k.begin(req)
				return &lateSealing{inner, func() {
					mu.Lock()
					defer mu.Unlock()
					counted[req.ReleaseID()] = len(k.clients)
				}}, err
			}
		})
		nurse, steward := c.As(models.RoleNurse, c.Clinic), c.As(models.RoleReleaseSteward, c.Ministry).Through(s)
		nurse.Start(nurse.Register(1))
		periods := []string{"2024Q4", "2025Q1", "2025Q2", "2025Q3", "2025Q4", "2026Q1", "2026Q2"}
		together(3*len(periods), func(i int) {
			period := periods[i/3]
			if i%3 == 2 {
				handle := nurse.Register(100 + i)
				nurse.Start(handle)
				return
			}
			req := quarter(period)
			req.Profile = []string{"ministry", "open_data"}[i%3]
			if _, _, err := steward.New().SealRelease(ctx, req); err != nil && !models.IsKind(err, models.KindConflict) {
				t.Errorf("%s: %v", req.ReleaseID(), err)
			}
		})
		for _, id := range texts(t, c, "SELECT id FROM releases WHERE profile = 'open_data'") {
			first := strings.TrimSuffix(id, "-open_data")
			if n := scan[int64](t, c.World, "SELECT COUNT(*) FROM releases WHERE id = ?", first); n == 1 && counted[id] != counted[first] {
				t.Errorf("%s was counted from %d persons, %s from %d", first, counted[first], id, counted[id])
			}
		}
	})
}
