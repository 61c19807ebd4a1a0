package indicators

import (
	"errors"
	"math"
	"sort"
)

// unit is 2^53: a noise draw is a uniform integer below it.
const unit = 1 << 53

// PTable is the noise distribution of disclosure control §2.3: the one of greatest
// entropy on the integers -Bound..Bound with mean 0 and the given variance. The
// same row serves every count, zero included.
type PTable struct {
	Variance int // in squared counts
	Bound    int // D, the most noise in counts
	// below[i] is 2^53 times the probability of noise <= i-Bound.
	below []uint64
}

// NewPTable computes the table. A bound under six standard deviations is an error:
// with less, a published value near the bound proves that somebody is there (§2.3).
func NewPTable(variance, bound int) (PTable, error) {
	if variance < 1 || bound < 1 || bound*bound < 36*variance {
		return PTable{}, errors.New("indicators: noise bound under six standard deviations")
	}
	p := maxEntropy(float64(variance), bound)
	t := PTable{Variance: variance, Bound: bound, below: make([]uint64, len(p))}
	sum := 0.0
	for i, q := range p {
		sum += q
		t.below[i] = uint64(math.Round(sum * unit))
	}
	t.below[len(p)-1] = unit // rounding must not leave a gap at the top
	return t, nil
}

// maxEntropy returns p_v = exp(b v^2)/Z for v = -bound..bound. The variance grows
// with b, so b is found by bisection to the last bit. It lies near -1/(2 variance).
func maxEntropy(variance float64, bound int) []float64 {
	lo, hi := -2/variance, -1/(8*variance)
	for mid := (lo + hi) / 2; mid > lo && mid < hi; mid = (lo + hi) / 2 {
		if _, got := gaussianRow(mid, bound); got < variance {
			lo = mid
		} else {
			hi = mid
		}
	}
	p, _ := gaussianRow((lo+hi)/2, bound)
	return p
}

// gaussianRow returns the row for one multiplier b, and its variance.
func gaussianRow(b float64, bound int) (p []float64, variance float64) {
	p = make([]float64, 2*bound+1)
	z := 0.0
	for i := range p {
		v := float64(i - bound)
		p[i] = math.Exp(b * v * v)
		z += p[i]
	}
	for i := range p {
		p[i] /= z
		v := float64(i - bound)
		variance += p[i] * v * v
	}
	return p, variance
}

// zerosShown is the share of true zeros that the noise lifts to the floor or over it. The row
// is that of NewPTable: with a bound of six standard deviations its multiplier is that of the
// normal distribution, to more digits than are told.
func (n Noise) zerosShown() (share float64) {
	p, _ := gaussianRow(-1/(2*float64(n.Variance)), n.Bound)
	for _, q := range p[n.Bound+n.Floor:] {
		share += q
	}
	return share
}

// Noise inverts the distribution at u / 2^53; u must be below 2^53.
func (t PTable) Noise(u uint64) int {
	return sort.Search(len(t.below), func(i int) bool { return u < t.below[i] }) - t.Bound
}
