package indicators

import (
	"bytes"
	"encoding/json"

	"jol/models"
)

// JSON returns the table in the shape of the contract: release, table, title,
// dimensions, method, cells, rates. The same table always gives the same bytes.
// Cells name their dimensions; null is not shown; flag is present only when set.
func (t Table) JSON() []byte {
	var o object
	o.open()
	o.set("release", t.Release)
	o.set("table", t.ID)
	o.set("indicator", t.Indicator)
	o.set("period", t.Period)
	o.set("status", string(t.Status))
	o.set("finalOn", string(t.FinalOn))
	o.set("dedupeScope", models.Scopes) // which one holds for whom follows from consents: docs/indicators.md, rule 2
	o.set("rule", t.Rule)
	o.set("definitions", t.Definitions)
	if t.Unit != "" {
		o.set("unit", t.Unit)
	}
	if t.Where != nil {
		o.set("where", map[string]string{t.Where.Dimension: t.Where.Code})
	}
	o.set("title", t.Title) // encoding/json sorts map keys
	o.set("dimensions", append([]string{}, t.Dimensions...))
	o.set("method", t.Method)
	o.key("cells")
	o.list(len(t.Cells), func(i int) {
		c := t.Cells[i]
		o.codes(t.Dimensions, c.Codes)
		o.set("value", c.Value)
		o.set("lo95", c.Lo95)
		o.set("hi95", c.Hi95)
		o.flag(c.Flag)
	})
	o.key("rates")
	o.list(len(t.Rates), func(i int) {
		r := t.Rates[i]
		o.codes(t.rateDimensions(), r.Codes)
		o.set("rate", r.Rate)
		o.set("rateLo95", r.Lo95)
		o.set("rateHi95", r.Hi95)
		o.set("denominator", r.Denominator)
		o.flag(r.Flag)
	})
	t.coverageJSON(&o)
	t.meansJSON(&o)
	o.close()
	return o.buf.Bytes()
}

// meansJSON writes the means of a table that has some.
func (t Table) meansJSON(o *object) {
	at, ok := meanDimension(t.Dimensions)
	if !ok || len(t.Means) == 0 {
		return
	}
	o.key("means")
	o.list(len(t.Means), func(i int) {
		m := t.Means[i]
		o.codes(t.Dimensions[:at], m.Codes)
		o.set("of", t.Dimensions[at])
		o.set("approximate", true)
		o.set("mean", m.Value)
		o.set("p95", m.P95)
		o.set("counts", m.Counts)
		o.set("maskedBands", m.Masked)
		o.flag(m.Flag)
	})
}

// MarshalJSON makes a Percent a JSON number.
func (p Percent) MarshalJSON() ([]byte, error) { return []byte(p), nil }

// rateDimensions returns the dimensions without measure, which comes last.
func (t Table) rateDimensions() []string { return t.Dimensions[:max(len(t.Dimensions)-1, 0)] }

// object writes JSON objects with their keys in the order of the calls, which
// encoding/json cannot do for keys known only at run time.
type object struct {
	buf   bytes.Buffer
	comma bool // a member was written in the current object
}

func (o *object) open()  { o.buf.WriteByte('{'); o.comma = false }
func (o *object) close() { o.buf.WriteByte('}'); o.comma = true }

func (o *object) key(name string) {
	if o.comma {
		o.buf.WriteByte(',')
	}
	o.comma = true
	o.value(name)
	o.buf.WriteByte(':')
}

func (o *object) set(name string, v any) {
	o.key(name)
	o.value(v)
}

// value writes strings, numbers and the method: types that always encode.
func (o *object) value(v any) {
	enc := json.NewEncoder(&o.buf)
	enc.SetEscapeHTML(false) // the texts hold "<5"; nobody embeds them in HTML
	if err := enc.Encode(v); err != nil {
		panic("indicators: a table value cannot be encoded: " + err.Error())
	}
	o.buf.Truncate(o.buf.Len() - 1) // the encoder's line feed
}

func (o *object) list(n int, member func(int)) {
	o.buf.WriteByte('[')
	for i := range n {
		if i > 0 {
			o.buf.WriteByte(',')
		}
		o.open()
		member(i)
		o.close()
	}
	o.buf.WriteByte(']')
	o.comma = true
}

func (o *object) codes(dimensions, codes []string) {
	for i, d := range dimensions {
		o.set(d, codes[i])
	}
}

func (o *object) flag(f Flag) {
	if f != "" {
		o.set("flag", f)
	}
}
