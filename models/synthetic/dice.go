package synthetic

import (
	"encoding/hex"
	"math/rand/v2"
	"time"
)

// The streams of random numbers. Institutions, people and what is done for them have
// one each, so that a change in how much there is of one does not move the others.
const (
	streamInstitutions = 1
	streamPeople       = 2
	streamCare         = 3
)

// dice is the only source of chance.
type dice struct{ *rand.Rand }

func newDice(seed, stream uint64) *dice { return &dice{rand.New(rand.NewPCG(seed, stream))} }

// chance is true with probability p.
func (d *dice) chance(p float64) bool { return d.Float64() < p }

// between draws from low to high, both included; low when there is no room.
func (d *dice) between(low, high int) int {
	if high <= low {
		return low
	}
	return low + d.IntN(high-low+1)
}

// choice is a value with its weight.
type choice[T any] struct {
	weight float64
	value  T
}

// pick draws one of the choices by weight.
func pick[T any](d *dice, choices []choice[T]) T {
	total := 0.0
	for i := range choices {
		total += choices[i].weight
	}
	x := d.Float64() * total
	for i := range choices {
		if x -= choices[i].weight; x < 0 {
			return choices[i].value
		}
	}
	return choices[len(choices)-1].value
}

// one draws one of the values evenly.
func one[T any](d *dice, values []T) T { return values[d.IntN(len(values))] }

// id makes an id of the shape of a UUIDv7: synthetic time, then chance.
func (d *dice) id(at time.Time) string {
	ms, high, low := uint64(at.UnixMilli()), d.Uint64(), d.Uint64()
	b := [16]byte{
		byte(ms >> 40), byte(ms >> 32), byte(ms >> 24), byte(ms >> 16), byte(ms >> 8), byte(ms),
		0x70 | byte(high>>8)&0x0f, byte(high), 0x80 | byte(low>>56)&0x3f,
		byte(low >> 48), byte(low >> 40), byte(low >> 32), byte(low >> 24), byte(low >> 16), byte(low >> 8), byte(low),
	}
	var text [36]byte
	for i, from, to := 0, []int{0, 4, 6, 8, 10, 16}, []int{0, 9, 14, 19, 24}; i < 5; i++ {
		hex.Encode(text[to[i]:], b[from[i]:from[i+1]])
	}
	text[8], text[13], text[18], text[23] = '-', '-', '-', '-'
	return string(text[:])
}
