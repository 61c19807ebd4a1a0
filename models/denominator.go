package models

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// estimateKindList is the code list of the populations of which estimates are kept.
const estimateKindList = "estimate_kind"

// EstimateKinds are those populations.
func EstimateKinds() (kinds []string) {
	list, _ := CodeListByID(estimateKindList)
	for _, c := range list.Codes {
		kinds = append(kinds, c.Code)
	}
	return kinds
}

// NotWhole stands in the place of a number that was none, so that every problem of a load
// can be told at once.
const NotWhole = math.MinInt64

// Denominator is an estimate as it is kept. The same place, year and kind loaded again
// takes the place of the one before; what was sealed with that one stays as it is.
type Denominator struct {
	ID        string   `gorm:"primaryKey"`
	Estimate  Estimate `gorm:"embedded"`
	Version   int64
	CreatedAt time.Time
}

// Limits of a load of estimates.
const (
	maxEstimates    = 2000
	maxEstimateText = 300
)

// CheckEstimates validates estimates of a country, all of them: nothing is loaded when one
// is wrong. An estimate without a source and an interval is none.
func CheckEstimates(all []Estimate, country string, today Date) error {
	var c Checks
	checkEstimates(&c, all, country, today, func(i int) string { return fmt.Sprintf("/items/%d", i) })
	return c.Err()
}

// checkEstimates records every problem of every estimate, each under the pointer at gives it.
func checkEstimates(c *Checks, all []Estimate, country string, today Date, at func(int) string) {
	c.Require(len(all) > 0 && len(all) <= maxEstimates, "/items", "denominator.number_of_items")
	if len(all) > maxEstimates {
		return
	}
	seen := map[string]bool{}
	for i, e := range all {
		c.Require(e.Country == country, at(i)+"/country", "denominator.country_not_served")
		c.Require(e.Region == "" || RegionKnown(country, e.Region, today), at(i)+"/region", "denominator.region_unknown")
		c.Require(InList(estimateKindList, e.Kind), at(i)+"/kind", "denominator.kind_unknown")
		checkNumbers(c, e, at(i), today)
		c.Require(strings.TrimSpace(e.Source) != "", at(i)+"/source", "denominator.source_required")
		checkEstimateText(c, at(i)+"/source", e.Source)
		checkEstimateText(c, at(i)+"/method", e.Method)
		key := fmt.Sprint(e.Region, e.Year, e.Kind)
		c.Require(e.Year == NotWhole || !seen[key], at(i), "denominator.repeated")
		seen[key] = true
	}
}

// checkNumbers checks year, value and interval. Of a number that is none nothing else is
// said, and nothing is compared with it.
func checkNumbers(c *Checks, e Estimate, at string, today Date) {
	for _, n := range []struct {
		name, code string
		value      int64
		ok         bool
	}{
		{"year", "denominator.year_out_of_range", int64(e.Year), e.Year >= 1990 && e.Year <= today.Year()},
		{"value", "denominator.value_not_positive", e.Value, e.Value > 0},
		{"low", "denominator.interval_required", e.Low, e.Low != 0},
		{"high", "denominator.interval_required", e.High, e.High != 0},
		{"low", "denominator.interval", e.Low, e.Low == 0 || e.Low > 0 && (e.Low <= e.Value || e.Value == NotWhole)},
		{"high", "denominator.interval", e.High, e.High == 0 || e.High > 0 && e.High >= e.Value},
	} {
		if n.value == NotWhole {
			n.ok, n.code = n.code == "denominator.interval", "denominator.not_a_number" // once
		}
		c.Require(n.ok, at+"/"+n.name, n.code)
	}
}

// checkEstimateText checks the form of a text of an estimate, and that it names nobody.
func checkEstimateText(c *Checks, at, text string) {
	if !plainText(text) {
		c.Add(at, "denominator.text_form")
		return
	}
	CheckText(c, at, text)
}

func plainText(s string) bool {
	return utf8.RuneCountInString(s) <= maxEstimateText && !strings.ContainsFunc(s, unicode.IsControl)
}

// estimateColumns is the header of a file of estimates, in this order.
var estimateColumns = []string{"country", "region", "year", "kind", "value", "low", "high", "source", "method"}

// ReadEstimates reads a CSV file with the header country,region,year,kind,value,low,high,
// source,method and checks it as CheckEstimates does. All problems of all lines are told at
// once, each under the line of the file that it is on: /lines/2/value.
func ReadEstimates(r io.Reader, country string, today Date) ([]Estimate, error) {
	text := bufio.NewReader(r)
	if mark, _ := text.Peek(3); string(mark) == "\ufeff" { // as spreadsheets save it
		_, _ = text.Discard(3)
	}
	in := csv.NewReader(text)
	in.TrimLeadingSpace = true
	in.FieldsPerRecord = -1 // counted below, line by line
	var c Checks
	var all []Estimate
	var lines []int // of each estimate
	header := false
	for {
		record, err := in.Read()
		var malformed *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			if !header {
				return nil, errHeader
			}
			checkEstimates(&c, all, country, today, func(i int) string { return fmt.Sprintf("/lines/%d", lines[i]) })
			return all, c.Err()
		case errors.As(err, &malformed):
			c.Add(fmt.Sprintf("/lines/%d", malformed.StartLine), "denominator.not_csv")
			continue
		case err != nil:
			return nil, err
		case !header:
			if header = slices.Equal(record, estimateColumns); !header {
				return nil, errHeader
			}
			continue
		}
		line, _ := in.FieldPos(0)
		if len(record) != len(estimateColumns) {
			c.Add(fmt.Sprintf("/lines/%d", line), "denominator.number_of_columns")
			continue
		}
		lines = append(lines, line)
		all = append(all, Estimate{
			Country: record[0], Region: record[1], Year: int(wholeNumber(record[2])), Kind: record[3], Value: wholeNumber(record[4]),
			Low: wholeNumber(record[5]), High: wholeNumber(record[6]), Source: record[7], Method: record[8],
		})
	}
}

var errHeader = errors.New("the first line of the file must be: " + strings.Join(estimateColumns, ","))

// wholeNumber reads a number without sign tricks, spaces or decimals; empty is 0.
func wholeNumber(s string) int64 {
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return NotWhole
	}
	return n
}
