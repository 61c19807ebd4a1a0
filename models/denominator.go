package models

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// EstimateKinds are the populations of which estimates are kept.
var EstimateKinds = []string{"pwid", "opioid_dependent", "drug_use_disorder", "alcohol_use_disorder"}

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
// is wrong. An estimate without a source is none.
func CheckEstimates(all []Estimate, country string, today Date) error {
	var c Checks
	c.Require(len(all) > 0 && len(all) <= maxEstimates, "/items", "denominator.number_of_items")
	if err := c.Err(); err != nil {
		return err
	}
	seen := map[string]bool{}
	for i, e := range all {
		at := fmt.Sprintf("/items/%d", i)
		c.Require(e.Country == country, at+"/country", "denominator.country_not_served")
		c.Require(e.Region == "" || RegionKnown(country, e.Region, today), at+"/region", "denominator.region_unknown")
		c.Require(slices.Contains(EstimateKinds, e.Kind), at+"/kind", "denominator.kind_unknown")
		c.Require(e.Year >= 1990 && e.Year <= today.Year(), at+"/year", "denominator.year_out_of_range")
		c.Require(e.Value > 0, at+"/value", "denominator.value_not_positive")
		none := e.Low == 0 && e.High == 0
		c.Require(none || e.Low > 0 && e.Low <= e.Value, at+"/low", "denominator.interval")
		c.Require(none || e.High >= e.Value, at+"/high", "denominator.interval")
		c.Require(strings.TrimSpace(e.Source) != "", at+"/source", "denominator.source_required")
		c.Require(plainText(e.Source), at+"/source", "denominator.text_form")
		c.Require(plainText(e.Method), at+"/method", "denominator.text_form")
		key := fmt.Sprint(e.Region, e.Year, e.Kind)
		c.Require(!seen[key], at, "denominator.repeated")
		seen[key] = true
	}
	return c.Err()
}

func plainText(s string) bool {
	return utf8.RuneCountInString(s) <= maxEstimateText && !strings.ContainsFunc(s, unicode.IsControl)
}

// estimateColumns is the header of a file of estimates, in this order.
var estimateColumns = []string{"country", "region", "year", "kind", "value", "low", "high", "source", "method"}

// ReadEstimates reads a CSV file with the header country,region,year,kind,value,low,high,
// source,method. What is no number is reported for every line; low and high may be empty.
func ReadEstimates(r io.Reader) ([]Estimate, error) {
	in := csv.NewReader(r)
	in.TrimLeadingSpace = true
	in.FieldsPerRecord = len(estimateColumns)
	lines, err := in.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("the file is not CSV with %d columns: %w", len(estimateColumns), err)
	}
	if len(lines) == 0 || !slices.Equal(lines[0], estimateColumns) {
		return nil, errors.New("the first line of the file must be: " + strings.Join(estimateColumns, ","))
	}
	var c Checks
	var all []Estimate
	for i, line := range lines[1:] {
		number := func(column int, optional bool) int64 {
			if optional && line[column] == "" {
				return 0
			}
			n, err := strconv.ParseInt(line[column], 10, 64)
			c.Require(err == nil, fmt.Sprintf("/items/%d/%s", i, estimateColumns[column]), "denominator.not_a_number")
			return n
		}
		all = append(all, Estimate{
			Country: line[0], Region: line[1], Year: int(number(2, false)), Kind: line[3], Value: number(4, false), Low: number(5, true), High: number(6, true),
			Source: line[7], Method: line[8],
		})
	}
	return all, c.Err()
}
