package exchange

import "testing"

func BenchmarkSealed_Annual(b *testing.B) {
	r := sealedFor(b, "2026", "annual")
	run := func(name string, write func(s *Sealed) ([]byte, error)) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s, err := NewSealed(r)
				if err != nil {
					b.Fatal(err)
				}
				raw, err := write(s)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(len(raw)), "bytes")
			}
		})
	}
	run("read", func(*Sealed) ([]byte, error) { return nil, nil })
	run("csv", func(s *Sealed) ([]byte, error) { return s.CSV(), nil })
	run("xlsx", (*Sealed).XLSX)
	run("dhis2", func(s *Sealed) ([]byte, error) { return jsonOf(s.DataValues()) })
	run("metadata", func(s *Sealed) ([]byte, error) { return jsonOf(s.Metadata(nil)) })
	run("fhir", func(s *Sealed) ([]byte, error) {
		bundle, err := s.FHIR()
		if err != nil {
			return nil, err
		}
		return jsonOf(bundle)
	})
}
