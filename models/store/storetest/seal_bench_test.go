package storetest

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"jol/models"
	"jol/models/indicators"
	"jol/models/store"
)

// BenchmarkSeal seals a whole country-year of the ministry's plan: every client with an
// episode, its assessment, five contacts with needles and a test; one in ten on agonist
// treatment with 180 daily doses; one in twenty released from custody; one in ten referred.
// peak-MB is the largest heap seen at every thousandth client: it must not grow with them.
//
//	go test ./models/store/storetest -run '^$' -bench Seal -benchtime 1x
func BenchmarkSeal(b *testing.B) {
	for _, engine := range Engines {
		for _, clients := range []int{10_000, 30_000, 100_000, 300_000} {
			if clients > 10_000 && os.Getenv("JOL_BENCH_LARGE") == "" {
				continue // make bench stays cheap
			}
			b.Run(fmt.Sprintf("%s/clients=%d", engine, clients), func(b *testing.B) {
				for b.Loop() {
					b.StopTimer() // a release is sealed once: each time in a country of its own
					heap := new(heapWatch)
					c := NewWorld(b, engine).Settle(b, grantsOf)
					c.crowdYear(b, clients)
					c.Advance(365 * 24 * time.Hour)
					s := c.Open(b, func(o *store.Options) { o.Sealer = heap.watch(indicators.Begin) })
					steward := c.As(models.RoleReleaseSteward, c.Ministry).Through(s)
					req := models.SealRequest{Country: "KZ", Period: "2026", Status: "annual", Profile: "ministry"}
					b.StartTimer()
					r, _, err := steward.New().SealRelease(ctx, req)
					if err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(float64(len(r.Tables)), "tables")
					b.ReportMetric(float64(heap.peak)/(1<<20), "peak-MB")
				}
			})
		}
	}
}

// heapWatch looks at the heap while clients are counted.
type heapWatch struct {
	every int  // clients between looks; 1000 when 0
	live  bool // collect before looking
	first uint64
	peak  uint64
}

func (h *heapWatch) watch(begin models.Sealer) models.Sealer {
	return func(req models.SealRequest) (models.Sealing, error) {
		s, err := begin(req)
		return &watchedSealing{Sealing: s, heap: h}, err
	}
}

type watchedSealing struct {
	models.Sealing
	heap    *heapWatch
	counted int
}

func (s *watchedSealing) AddClient(c models.ClientRows) error {
	if s.counted%cmp.Or(s.heap.every, 1000) == 0 {
		if s.heap.live {
			runtime.GC()
			runtime.GC() // a pool lets go at the second
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		s.heap.peak = max(s.heap.peak, m.HeapAlloc)
		s.heap.first = cmp.Or(s.heap.first, m.HeapAlloc)
	}
	s.counted++
	return s.Sealing.AddClient(c)
}

// What sealing holds is that of the plan and of one person, whatever the number of clients.
func TestSealRelease_MemoryDoesNotGrowWithClients(t *testing.T) { // not parallel: the heap is everybody's
	const clients = 3000
	for _, engine := range Engines {
		heap := &heapWatch{every: clients / 10, live: true}
		c := NewWorld(t, engine).Settle(t, grantsOf)
		c.crowdYear(t, clients)
		c.Advance(365 * 24 * time.Hour)
		steward := c.As(models.RoleReleaseSteward, c.Ministry).Through(c.Open(t, func(o *store.Options) { o.Sealer = heap.watch(indicators.Begin) }))
		if _, _, err := steward.New().SealRelease(ctx, models.SealRequest{Country: "KZ", Period: "2026", Status: "annual", Profile: "ministry"}); err != nil {
			t.Fatal(err)
		}
		if grown := int64(heap.peak) - int64(heap.first); heap.first == 0 || grown > 2<<20 { // buffers take up to a quarter of that, the rows of 3,000 clients several times as much
			t.Errorf("%s: counting %d clients took %d KiB", engine, clients, grown>>10)
		}
	}
}

// crowdYear fills the year 2026 behind the service's back.
func (c *Country) crowdYear(t testing.TB, n int) {
	t.Helper()
	doctor := c.As(models.RoleNarcologist, c.Clinic)
	handle := doctor.Register(1)
	doctor.Start(handle)
	doctor.Give(handle, models.PurposeReferral, c.Polyclinic)
	doctor.Refer(handle, Asking(c.Polyclinic))
	doctor.Dose(doctor.Treat(handle, 60).ID, 60)
	age := 20
	doctor.Record(handle, &models.Assessment{AssessmentItems: models.AssessmentItems{
		On: c.Today(), LivingWith: "5", Children: "0", LivingWhere: "3", Labour: "4", Education: "3", Frequency30d: "1",
		FrequencyReference: "before_entry", Polydrug: "1", OSTStatus: "1", AgeFirstInjection: &age, HIVTest: "1", HCVTest: "1", Sharing: "1",
	}})
	health := c.As(models.RolePrisonMedical, c.ColonyHealth)
	health.hold(health.Register(2), "")

	day := func(expression string) string {
		if c.Engine == "postgres" {
			return "to_char(date '2026-01-01' + ((" + expression + ") % 300)::int, 'YYYY-MM-DD')"
		}
		return "date('2026-01-01', '+' || ((" + expression + ") % 300) || ' days')"
	}
	c.Grow(t, "persons", n, map[string]string{"id": "'p' || i", "sdc_key": "i"})
	c.Grow(t, "clients", n, map[string]string{"id": "'c' || i", "person_id": "'p' || i", "organisation_id": "'" + string(c.Clinic.ID) + "'", "local_no": "i + 1000"})
	c.Grow(t, "consents", n, map[string]string{"id": "'k' || i", "client_id": "'c' || i"})
	c.Grow(t, "episodes", n, map[string]string{
		"id": "'e' || i", "client_id": "'c' || i", "start_date": day("i"), "last_contact": day("i"), "age_at_start": "18 + i % 50",
		"sex": "CASE WHEN i % 5 = 0 THEN 'F' ELSE 'M' END",
	})
	client := fmt.Sprintf("'c' || (i %% %d + 1)", n)
	common := func(kind, code string) map[string]string {
		return map[string]string{"kind": "'" + kind + "'", "client_id": client, "on_date": day("i * 7"), "code": "'" + code + "'", "quantity": "20"}
	}
	assessments := map[string]string{"id": "'ea' || i", "entry_id": "'ea' || i", "client_id": "'c' || i", "episode_id": "'e' || i", "on_date": day("i")}
	contacts := common("contact", "NSP")
	contacts["id"], contacts["entry_id"], contacts["data"] = "'ec' || i", "'ec' || i", `'{"setting":"community"}'`
	tests := common("infection_test", "HIV")
	tests["id"], tests["entry_id"], tests["result"] = "'et' || i", "'et' || i", "'neg'"
	tests["data"] = `'{"returnedOn":"2026-11-01","linkedOn":""}'`
	c.Grow(t, "entries", n, assessments)
	c.Grow(t, "entries", 5*n, contacts)
	c.Grow(t, "entries", n, tests)
	c.Grow(t, "dose_orders", n/10, map[string]string{"id": "'o' || i", "client_id": "'c' || i", "person_id": "'p' || i", "from_date": "'2026-01-01'"})
	c.Grow(t, "dose_events", 18*n, map[string]string{
		"id": "'d' || i", "order_id": "'o' || ((i - 1) / 180 + 1)", "client_id": "'c' || ((i - 1) / 180 + 1)", "on_date": day("i % 180"),
	})
	c.Grow(t, "custody_spells", n/20, map[string]string{
		"id": "'s' || i", "client_id": "'c' || i", "person_id": "'p' || i", "state": "'released'", "ended_at": "admitted_at", "exit_reason": "'released'", "exit_region": "'KZ-75'",
	})
	c.Grow(t, "referrals", n/10, map[string]string{"id": "'r' || i", "from_client_id": "'c' || i", "consent_id": "'k' || i"})
	c.Analyse(t)
}
