package store_test

import (
	"os"
	"strconv"
	"testing"
	"time"

	"jol/models"
	"jol/models/store/storetest"
	"jol/models/synthetic"
)

// BenchmarkImport measures making and writing a country, in clients per second, beside what
// the driver takes for the same rows when they are ready and nothing else is done: no index,
// no foreign key, no code. What a machine does today depends on who else is on it; of-driver
// says how near to the driver the whole is.
//
//	JOL_BENCH_LARGE=1 .ci/with-postgres go test ./models/store -run '^$' -bench Import -benchtime 1x
func BenchmarkImport(b *testing.B) {
	for _, engine := range storetest.Engines {
		for _, clients := range []int{2_000, 20_000, 100_000} {
			if clients > 20_000 && os.Getenv("JOL_BENCH_LARGE") == "" {
				continue // make bench stays cheap
			}
			b.Run(engine+"/"+strconv.Itoa(clients), func(b *testing.B) {
				country, err := synthetic.Generate(synthetic.Config{Country: "KZ", Seed: 1, Clients: clients, Anchor: models.DateOf(storetest.Start, "Asia/Almaty")})
				must(b, err)
				in, err := country.Import(func(models.User) string { return "correct horse battery" })
				must(b, err)
				var whole, driver time.Duration
				rows := 0
				for range b.N {
					w := storetest.NewWorld(b, engine)
					began := time.Now()
					must(b, w.Import(b.Context(), in, ignore))
					whole += time.Since(began)
					n, took, err := storetest.NewWorld(b, engine).ImportReadyRows(b.Context(), in)
					must(b, err)
					rows, driver = rows+n, driver+took
				}
				all := float64(clients * b.N)
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(all/whole.Seconds(), "clients/s")
				b.ReportMetric(all/driver.Seconds(), "driver-clients/s")
				b.ReportMetric(driver.Seconds()/whole.Seconds(), "of-driver")
				b.ReportMetric(float64(rows)/all, "rows/client")
			})
		}
	}
}
