package indicators

import (
	"math"
	"math/rand/v2"
)

// bounds is what an attacker knows of a sum of unknown counts.
type bounds struct {
	cells  []int // the unknowns that add up
	minus  []int // those that are taken off
	lo, hi float64
}

// unbounded is the upper bound of a sum of which nothing is published.
const unbounded = 1e12

// least returns the smallest value that the sum of the target cells can have, given that
// counts are not negative and every published sum lies in its bounds: a linear programme,
//
//	min c.x   subject to   lo <= A x <= hi, x >= 0.
//
// It solves the dual, max lo.u - hi.v subject to A'(u - v) <= c, u and v >= 0, by the simplex
// method: 0 is a feasible start because c >= 0. A little is added to c at random, which
// keeps the method from going in circles; the result is too high by less than slack.
// It stops early, with a smaller bound, once the target is known to be present.
func least(unknowns int, known []bounds, target []int, rng *rand.Rand) float64 {
	rhs := make([]float64, unknowns)
	for j := range rhs {
		rhs[j] = 1e-8 * (1 + rng.Float64())
	}
	for _, j := range target {
		rhs[j]++
	}
	// Columns: u of what has a lower bound, v of everything.
	var columns [][]float64
	var gain []float64
	for _, k := range known {
		if k.lo > 0 || len(k.minus) > 0 {
			columns, gain = append(columns, k.column(unknowns, 1)), append(gain, k.lo)
		}
		if k.hi < unbounded {
			columns, gain = append(columns, k.column(unknowns, -1)), append(gain, -k.hi)
		}
	}
	value := 0.0
	for range 20_000 {
		enter := -1
		for c := range columns {
			if gain[c] > 1e-5 && (enter < 0 || gain[c] > gain[enter]) {
				enter = c
			}
		}
		if enter < 0 || value > 0.5 {
			return value
		}
		leave, ratio := -1, math.Inf(1)
		for j, a := range columns[enter] {
			if a > 1e-9 && rhs[j]/a < ratio {
				leave, ratio = j, rhs[j]/a
			}
		}
		if leave < 0 {
			return math.Inf(1) // no counts fit: the attacker's knowledge contradicts itself
		}
		value += gain[enter] * ratio
		pivot(columns, gain, rhs, enter, leave)
	}
	return value
}

func (k bounds) column(n int, sign float64) []float64 {
	c := make([]float64, n)
	for _, j := range k.cells {
		c[j] += sign
	}
	for _, j := range k.minus {
		c[j] -= sign
	}
	return c
}

// pivot exchanges the entering column with the slack of the leaving row, whose column
// takes its place.
func pivot(columns [][]float64, gain, rhs []float64, enter, leave int) {
	e := columns[enter]
	p := e[leave]
	var touched []int
	for j, a := range e {
		if j != leave && a != 0 {
			touched = append(touched, j)
		}
	}
	for c, col := range columns {
		if c == enter || col[leave] == 0 {
			continue
		}
		f := col[leave] / p
		for _, j := range touched {
			if col[j] -= f * e[j]; math.Abs(col[j]) < 1e-11 {
				col[j] = 0
			}
		}
		col[leave] = f
		gain[c] -= f * gain[enter]
	}
	f := rhs[leave] / p
	for _, j := range touched {
		rhs[j] -= f * e[j]
	}
	rhs[leave] = f
	slack := make([]float64, len(e))
	for _, j := range touched {
		slack[j] = -e[j] / p
	}
	slack[leave] = 1 / p
	columns[enter] = slack
	gain[enter] = -gain[enter] / p
}
