package indicators

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
)

// KeySize is the length of an epoch key in bytes.
const KeySize = 32

// Release is the content of a sealed release: what is stored, and nothing from
// which it could be computed again.
type Release struct {
	ID      string // KZ-2026Q1-final; KZ-2026Q1-final-open_data
	Country string
	Period  string
	Status  Status
	Profile Profile
	PlanID  string
	// PlanVersion is the version of the plan.
	PlanVersion int
	// Budget is that of the whole plan for a client and year, see Budget.
	Budget float64
	// SHA256 is the hash of the JSON of all tables in order, each followed by a
	// line feed, in hexadecimal.
	SHA256 string
	Tables []Table
}

// Table returns the table with the id.
func (r Release) Table(id string) (Table, bool) {
	for _, t := range r.Tables {
		if t.ID == id {
			return t, true
		}
	}
	return Table{}, false
}

// ReleaseID names a release. The profile is part of the name except for ministry,
// the default.
func ReleaseID(country string, p Period, s Status, profile Profile) string {
	id := fmt.Sprintf("%s-%s-%s", country, p, s)
	if profile != Ministry {
		id += "-" + string(profile)
	}
	return id
}

var errSealed = errors.New("indicators: the accumulator was sealed already")

// Seal draws the noise and returns the release. The epoch key is 32 random bytes
// that the caller draws, passes once and forgets (disclosure control §2.1). The
// same rows and key give the same bytes whatever the order of clients. Seal forgets
// the true counts: a second draw over them would let their mean be taken.
func (a *Accumulator) Seal(key []byte) (Release, error) {
	if a.failed != nil {
		return Release{}, a.failed
	}
	if len(key) != KeySize {
		return Release{}, errors.New("indicators: an epoch key has 32 bytes")
	}
	r := Release{
		ID:      ReleaseID(a.country.Code, a.period, a.status, a.plan.Profile),
		Country: a.country.Code, Period: a.period.String(), Status: a.status, Profile: a.plan.Profile,
		PlanID: a.plan.ID, PlanVersion: a.plan.Version, Budget: a.plan.PublishedBudget,
	}
	content := sha256.New()
	for _, t := range a.tallies {
		table, err := a.sealTable(t, key, r.ID)
		if err != nil {
			return Release{}, err
		}
		r.Tables = append(r.Tables, table)
		content.Write(table.JSON())
		content.Write([]byte("\n"))
	}
	r.SHA256 = hex.EncodeToString(content.Sum(nil))
	a.tallies, a.failed = nil, errSealed
	return r, nil
}

// sealTable publishes every cell of a table, empty ones too.
func (a *Accumulator) sealTable(t *tally, key []byte, release string) (Table, error) {
	indicator, _ := ByID(t.line.Indicator)
	noise := a.plan.noiseOf(t.line, indicator)
	ptable, err := NewPTable(noise.Variance, noise.Bound)
	if err != nil {
		return Table{}, err
	}
	table := Table{
		ID: t.line.ID, Release: release, Title: tableTitle(indicator, t.line.Dimensions),
		Dimensions: slices.Clone(t.line.Dimensions), Method: methodOf(t.line, indicator, noise),
	}
	mac := hmac.New(sha256.New, key)
	for i, c := range t.cells {
		codes := t.coordinates(i)
		if t.structural[i] {
			table.Cells = append(table.Cells, Cell{Codes: codes, Value: new(int64), Lo95: new(int64), Hi95: new(int64), Flag: Structural})
			continue
		}
		u := draw(mac, t.line.ID, t.line.Dimensions, codes, c)
		table.Cells = append(table.Cells, publish(codes, c.n+int64(ptable.Noise(u)), noise))
	}
	if t.line.isRate() {
		table.Rates = rates(table, noise)
	}
	return table, nil
}

// rates pairs the cells of a table whose last dimension is measure: denominator,
// then numerator.
func rates(table Table, noise Noise) []Rate {
	var out []Rate
	for pair := range slices.Chunk(table.Cells, 2) {
		codes := pair[0].Codes[:len(pair[0].Codes)-1]
		out = append(out, rateOf(codes, pair[1], pair[0], noise))
	}
	return out
}

// draw returns the top 53 bits of the keyed hash of a cell (disclosure control
// §2.2). The coordinates are in it, so that two cells with the same contributors
// get different noise: without them "the total differs from men" would prove a
// woman (§1, part 4). Dimensions enter in alphabetical order.
func draw(mac hash.Hash, table string, dimensions, codes []string, c cell) uint64 {
	mac.Reset()
	field(mac, []byte("sdc1"))
	field(mac, []byte(table))
	order := make([]int, len(dimensions))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(dimensions[i], dimensions[j]) })
	for _, i := range order {
		field(mac, []byte(dimensions[i]))
		field(mac, []byte(codes[i]))
	}
	field(mac, binary.BigEndian.AppendUint64(nil, uint64(c.n)))
	field(mac, binary.BigEndian.AppendUint64(nil, c.keys))
	return binary.BigEndian.Uint64(mac.Sum(nil)) >> 11
}

// field writes a field behind its length, so that no two lists of fields collide.
func field(mac hash.Hash, value []byte) {
	mac.Write(binary.BigEndian.AppendUint32(nil, uint32(len(value))))
	mac.Write(value)
}
