package indicators

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// shipped are the noise settings that PlanFor can produce.
func shipped(t *testing.T) []Noise {
	t.Helper()
	var all []Noise
	for _, profile := range Profiles {
		plan := mustPlan(t, profile)
		for _, line := range plan.Tables {
			indicator, _ := ByID(line.Indicator)
			if n := plan.noiseOf(line, indicator); !slices.Contains(all, n) {
				all = append(all, n)
			}
		}
	}
	return all
}

func TestPTable_IsADistributionWithMeanZeroAndTheVariance(t *testing.T) {
	t.Parallel()
	for _, n := range shipped(t) {
		table, err := NewPTable(n.Variance, n.Bound)
		if err != nil {
			t.Fatalf("%+v: %v", n, err)
		}
		var sum, mean, variance float64
		for v := -n.Bound - 1; v <= n.Bound+1; v++ {
			p := table.Probability(v)
			if p < 0 {
				t.Fatalf("%+v: P(%d) = %g", n, v, p)
			}
			sum += p
			mean += p * float64(v)
			variance += p * float64(v*v)
		}
		if math.Abs(sum-1) > 1e-12 || math.Abs(mean) > 1e-10*float64(n.Bound) || math.Abs(variance-float64(n.Variance)) > 1e-9*float64(n.Variance) {
			t.Errorf("%+v: sum %.15f, mean %g, variance %.12f", n, sum, mean, variance)
		}
	}
}

func TestPTable_EqualsTheDiscreteGaussian(t *testing.T) {
	t.Parallel()
	for _, n := range shipped(t) {
		table, err := NewPTable(n.Variance, n.Bound)
		if err != nil {
			t.Fatal(err)
		}
		z := 0.0
		for v := -10 * n.Bound; v <= 10*n.Bound; v++ {
			z += math.Exp(-float64(v*v) / float64(2*n.Variance))
		}
		for v := -n.Bound; v <= n.Bound; v++ {
			want := math.Exp(-float64(v*v)/float64(2*n.Variance)) / z
			if got := table.Probability(v); math.Abs(got-want) > 1e-7 {
				t.Errorf("%+v: P(%d) = %.10f, discrete Gaussian %.10f", n, v, got, want)
			}
		}
	}
}

func TestPTable_TailsAreThoseOfTheSpecification(t *testing.T) {
	t.Parallel()
	table, err := NewPTable(4, 12)
	if err != nil {
		t.Fatal(err)
	}
	tail := func(over int) (p float64) {
		for v := over + 1; v <= 12; v++ {
			p += 2 * table.Probability(v)
		}
		return p
	}
	if p := tail(4); p < 0.022 || p > 0.026 {
		t.Errorf("P(|e|>4) = %.4f, want about 2.3%%", p)
	}
	if p := tail(6); p < 0.0005 || p > 0.0015 {
		t.Errorf("P(|e|>6) = %.5f, want about 0.1%%", p)
	}
	// A published value y proves n >= 1 only if y > D: at n = 4 that takes e >= 9.
	if p := tail(8) / 2; p > 1e-4 {
		t.Errorf("P(e >= D+1-(T-1)) = %g is not negligible", p)
	}
}

func TestPTable_RefusesABoundUnderSixSigma(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		variance, bound int
		ok              bool
	}{{4, 12, true}, {4, 11, false}, {4, 8, false}, {81, 54, true}, {81, 53, false}, {0, 12, false}, {4, 0, false}, {4, -12, false}, {1, 6, true}} {
		if _, err := NewPTable(c.variance, c.bound); (err == nil) != c.ok {
			t.Errorf("V=%d D=%d: error %v", c.variance, c.bound, err)
		}
	}
}

func TestPTable_EntropyCannotBeImproved(t *testing.T) {
	t.Parallel()
	const bound = 12
	row := maxEntropy(4, bound)
	rapid.Check(t, func(t *rapid.T) {
		// A feasible direction keeps sum, mean and variance: take three free points
		// at random, and solve for them after moving three others at random.
		d := make([]float64, len(row))
		// Points within three standard deviations: beyond, a step is too small to see.
		free := rapid.Permutation(indices(13)).Draw(t, "points")
		for k := range free {
			free[k] += bound - 6
		}
		for _, i := range free[3:6] {
			d[i] = rapid.Float64Range(-1, 1).Draw(t, "step")
		}
		solve3(d, free[:3], bound)
		size := 0.0
		for i := range d {
			size = max(size, math.Abs(d[i])/row[i])
		}
		if size < 1e-9 || math.IsInf(size, 0) || math.IsNaN(size) {
			return
		}
		before := entropy(row)
		for _, step := range []float64{0.5, 0.05, -0.05, -0.5} {
			moved := make([]float64, len(row))
			for i := range row {
				moved[i] = row[i] + step*d[i]/size
			}
			if after := entropy(moved); after > before+1e-12 {
				t.Fatalf("entropy rises from %.15f to %.15f along %v", before, after, d)
			}
		}
	})
}

func indices(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func entropy(p []float64) (h float64) {
	for _, q := range p {
		if q > 0 {
			h -= q * math.Log(q)
		}
	}
	return h
}

// solve3 sets d at three points so that sum d = sum v d = sum v^2 d = 0 (Lagrange).
func solve3(d []float64, points []int, bound int) {
	var m [3]float64
	for i, x := range d {
		v := float64(i - bound)
		m[0], m[1], m[2] = m[0]+x, m[1]+x*v, m[2]+x*v*v
	}
	for k, i := range points {
		a, b := float64(points[(k+1)%3]-bound), float64(points[(k+2)%3]-bound)
		v := float64(i - bound)
		d[i] = -(m[2] - (a+b)*m[1] + a*b*m[0]) / ((v - a) * (v - b))
	}
}

func TestPTable_NoiseInvertsTheDistribution(t *testing.T) {
	t.Parallel()
	table, err := NewPTable(4, 12)
	if err != nil {
		t.Fatal(err)
	}
	if got := table.Noise(0); got != -12 {
		t.Errorf("Noise(0) = %d", got)
	}
	if got := table.Noise(unit - 1); got != 12 {
		t.Errorf("Noise(2^53-1) = %d", got)
	}
	for i, threshold := range table.below[:24] {
		if below, at := table.Noise(threshold-1), table.Noise(threshold); below != i-12 || at != i-11 {
			t.Errorf("around threshold %d: %d and %d", i, below, at)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		u := rapid.Uint64Range(0, unit-1).Draw(t, "u")
		e := table.Noise(u)
		var below float64
		for v := -12; v < e; v++ {
			below += table.Probability(v)
		}
		at := float64(u) / unit
		if at < below-1e-12 || at >= below+table.Probability(e)+1e-12 {
			t.Fatalf("u = %g gives %d, whose interval is [%g, %g)", at, e, below, below+table.Probability(e))
		}
	})
}

// Probability returns the probability of noise v.
func (t PTable) Probability(v int) float64 {
	i := v + t.Bound
	if i < 0 || i >= len(t.below) {
		return 0
	}
	mass := t.below[i]
	if i > 0 {
		mass -= t.below[i-1]
	}
	return float64(mass) / unit
}
