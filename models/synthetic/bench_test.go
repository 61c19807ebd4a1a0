package synthetic_test

import (
	"strconv"
	"testing"

	"jol/models"
	"jol/models/store/storetest"
)

// BenchmarkImport measures generating and writing a country, in clients per second.
func BenchmarkImport(b *testing.B) {
	for _, engine := range storetest.Engines {
		for _, clients := range []int{2_000, 20_000, 100_000} {
			b.Run(engine+"/"+strconv.Itoa(clients), func(b *testing.B) {
				in, err := generate(b, 1, clients).Import(func(models.User) string { return password })
				if err != nil {
					b.Fatal(err)
				}
				for range b.N {
					b.StopTimer()
					w := storetest.NewWorld(b, engine)
					b.StartTimer()
					if err := w.Import(b.Context(), in, func(int, int) {}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(clients*b.N)/b.Elapsed().Seconds(), "clients/s")
			})
		}
	}
}
