package indicators

import (
	"fmt"
	"math"
	"strconv"

	"jol/models"
)

// Flag says what is special about a cell: why it shows no perturbed count, or that it
// stands for several codes.
type Flag string

// Flags. A structural zero is an exact 0 that follows from the code lists.
const (
	BelowFloor Flag = "below_floor"
	Structural Flag = "structural"
	// Joined marks a shown count of several regions or drugs together.
	Joined Flag = "merged"
)

// Cell is one published cell. Value, Lo95 and Hi95 are perturbed counts; nil is
// not shown. A lower end under the floor is nil: clipping it at the floor would
// claim more than is known, and 1 to 4 is never shown.
type Cell struct {
	Codes []string // one per dimension of the table
	Value *int64
	Lo95  *int64
	Hi95  *int64
	Flag  Flag
}

// Percent is a decimal numeral in percent, "45" or "45.2", never with an exponent.
type Percent string

// Rate is a published numerator divided by a published denominator. Rate and its
// interval are nil unless the denominator is at least 50 and the numerator is shown and at
// least 5 (disclosure control §2.6): with BelowFloor where a count is not shown, with
// FewClients where both are.
type Rate struct {
	Codes       []string // one per dimension of the table except measure
	Rate        *Percent
	Lo95        *Percent
	Hi95        *Percent
	Denominator *int64
	Flag        Flag
}

// Table is one sealed table. Its JSON depends on nothing else.
type Table struct {
	ID        string
	Release   string
	Indicator string
	Period    string // the release's, or an earlier one whose numbers became final later
	// Status is provisional or final; FinalOn is the day from which the numbers are final.
	Status  Status
	FinalOn models.Date
	Rule    string
	// Definitions is the hash of the definitions it was counted by, see DefinitionHash.
	Definitions string
	Unit        string  // of a sum; empty for persons and events
	Where       *Filter // of one table of a split
	Title       map[string]string
	Dimensions  []string
	Method      Method
	Cells       []Cell
	Rates       []Rate        // empty unless the table has numerators and denominators
	Coverage    []RowCoverage // empty unless the indicator is divided by an estimate
	Means       []RowMean     // empty unless the table has bands of age
	noise       Noise
}

// The publication rule of rates, in perturbed counts (disclosure control §2.6).
const (
	rateMinDenominator = 50
	rateMinNumerator   = 5
	rateDecimalFrom    = 500
	percentTenths      = 1000
	percentWhole       = 100
	intervalWidth      = 1.96
)

// publish turns a perturbed count into a cell.
func publish(codes []string, y int64, noise Noise) Cell {
	floor, p95 := int64(noise.Floor), int64(noise.p95())
	if y < floor {
		return Cell{Codes: codes, Flag: BelowFloor}
	}
	c := Cell{Codes: codes, Value: new(y), Hi95: new(y + p95)}
	if y-p95 >= floor {
		c.Lo95 = new(y - p95)
	}
	return c
}

// rateOf divides two published cells; it sees nothing else.
func rateOf(codes []string, numerator, denominator Cell, noise Noise) Rate {
	r := Rate{Codes: codes, Denominator: denominator.Value, Flag: BelowFloor}
	if numerator.Flag == Structural || denominator.Flag == Structural {
		r.Flag = Structural
		return r
	}
	if numerator.Value == nil || denominator.Value == nil {
		return r
	}
	if *numerator.Value < rateMinNumerator || *denominator.Value < rateMinDenominator {
		r.Flag = FewClients
		return r
	}
	n, d := *numerator.Value, *denominator.Value
	n = min(n, d) // a rate is clipped to 100 percent
	scale := int64(percentWhole)
	if d >= rateDecimalFrom {
		scale = percentTenths
	}
	q := float64(n) / float64(d)
	half := intervalWidth * math.Sqrt(float64(noise.Variance)*(1+q*q)) / float64(d)
	lo := max(int64(math.Floor((q-half)*float64(scale))), 0)
	hi := min(int64(math.Ceil((q+half)*float64(scale))), scale)
	r.Rate = percent((2*n*scale+d)/(2*d), scale) // half up
	r.Lo95, r.Hi95 = percent(lo, scale), percent(hi, scale)
	r.Flag = ""
	return r
}

// percent writes a share of scale in percent: whole for 100, tenths for 1000.
func percent(share, scale int64) *Percent {
	text := strconv.FormatInt(share, 10)
	if scale == percentTenths {
		text = fmt.Sprintf("%d.%d", share/10, share%10)
	}
	return new(Percent(text))
}

// isRate reports whether the table holds numerators and denominators.
func (t Table) isRate() bool {
	return len(t.Dimensions) > 0 && t.Dimensions[len(t.Dimensions)-1] == DimMeasure
}
