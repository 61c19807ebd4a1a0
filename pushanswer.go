package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"jol/models/exchange"
)

// importAnswer is what DHIS2 answers to dataValueSets: an import summary, in newer
// versions inside a message.
type importAnswer struct {
	Status      string `json:"status"`
	Message     string `json:"message"`
	Description string `json:"description"`
	ImportCount struct {
		Imported int `json:"imported"`
		Updated  int `json:"updated"`
		Ignored  int `json:"ignored"`
		Deleted  int `json:"deleted"`
	} `json:"importCount"`
	Conflicts []struct {
		Object  string `json:"object"`
		Value   string `json:"value"`
		Indexes []int  `json:"indexes"`
	} `json:"conflicts"`
	RejectedIndexes []int         `json:"rejectedIndexes"`
	Response        *importAnswer `json:"response"`
}

// settle writes the fate of each value as far as the answer tells it; false when it does
// not tell it of every one.
func (a *importAnswer) settle(fates []fate) bool {
	c := a.ImportCount
	if c.Imported+c.Updated+c.Ignored != len(fates) {
		return false
	}
	refused := map[int]string{}
	for _, at := range a.RejectedIndexes {
		refused[at] = ""
	}
	for _, conflict := range a.Conflicts {
		for _, at := range conflict.Indexes {
			refused[at] = conflict.Value
		}
	}
	if c.Ignored == len(fates) {
		for i := range fates {
			if _, ok := refused[i]; !ok {
				refused[i] = ""
			}
		}
	}
	for at := range refused {
		if at < 0 || at >= len(fates) {
			return false
		}
	}
	if len(refused) != c.Ignored || c.Imported > 0 && c.Updated > 0 {
		return false
	}
	for i := range fates {
		why, no := refused[i]
		switch {
		case no:
			fates[i].state, fates[i].why = a.reason(fates[i].value, why)
		case c.Imported > 0:
			fates[i].state, fates[i].why = fateImported, ""
		default:
			fates[i].state, fates[i].why = fateUpdated, ""
		}
	}
	return true
}

// reason tells a conflict from a value that was ignored without a word.
func (a *importAnswer) reason(v exchange.DataValue, why string) (state, text string) {
	names := []string{v.DataElement, v.OrgUnit, v.CategoryOptionCombo, v.Period}
	for _, conflict := range a.Conflicts {
		if why == "" && slices.ContainsFunc(names, func(name string) bool {
			return name != "" && (conflict.Object == name || strings.Contains(conflict.Value, name))
		}) {
			why = conflict.Value
		}
	}
	if why == "" && len(a.Conflicts) == 1 {
		why = a.Conflicts[0].Value
	}
	if why == "" {
		return fateIgnored, a.Description
	}
	return fateConflict, why
}

// How often and how long a request is tried again: 1, 2, 4, 8 seconds between five tries,
// or as long as the server asks for, up to a minute.
const (
	pushTries    = 5
	firstPause   = time.Second
	longestPause = time.Minute
)

// post sends values and reads the answer. 429, answers of 500 and over, and broken
// connections are tried again: the same values written twice are the same values.
func (p *pusher) post(ctx context.Context, values []exchange.DataValue, dryRun bool) (*importAnswer, error) {
	body, err := json.Marshal(exchange.DataValueSet{OrgUnitIDScheme: "CODE", DataValues: values})
	if err != nil {
		return nil, err
	}
	query := url.Values{"dryRun": {strconv.FormatBool(dryRun)}, "importStrategy": {"CREATE_AND_UPDATE"}, "async": {"false"},
		"orgUnitIdScheme": {"code"}, "dataElementIdScheme": {"uid"}, "categoryOptionComboIdScheme": {"uid"}}
	wait := firstPause
	for try := 1; ; try++ {
		a, after, err := p.once(ctx, query.Encode(), body)
		if err == nil || after == never || try == pushTries || ctx.Err() != nil {
			return a, err
		}
		if err := p.pause(ctx, min(max(wait, after), longestPause)); err != nil {
			return nil, err
		}
		wait *= 2
	}
}

// never says that trying again would give the same answer.
const never = time.Duration(-1)

// once sends one request. after is how long the server asks to wait.
func (p *pusher) once(ctx context.Context, query string, body []byte) (a *importAnswer, after time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.address+"?"+query, bytes.NewReader(body))
	if err != nil {
		return nil, never, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	p.auth(r)
	resp, err := p.client.Do(r)
	if err != nil {
		return nil, 0, fmt.Errorf("the DHIS2 does not answer: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 32<<20))
	if err != nil {
		return nil, 0, fmt.Errorf("the answer of the DHIS2 breaks off: %w", err)
	}
	switch {
	case resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode >= 500:
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
		return nil, time.Duration(max(seconds, 0)) * time.Second, fmt.Errorf("the DHIS2 answers %d", resp.StatusCode)
	case resp.StatusCode == http.StatusUnauthorized, resp.StatusCode == http.StatusForbidden, resp.StatusCode >= 300 && resp.StatusCode < 400:
		return nil, never, fmt.Errorf("the DHIS2 does not take the secret (%d)", resp.StatusCode)
	}
	a = &importAnswer{}
	if json.Unmarshal(raw, a) != nil {
		return nil, never, fmt.Errorf("the DHIS2 answers %d with something that is not an import summary", resp.StatusCode)
	}
	if a.Response != nil {
		inner := a.Response
		if inner.Description == "" {
			inner.Description = a.Message
		}
		a = inner
	}
	if resp.StatusCode == http.StatusConflict && a.ImportCount.Imported+a.ImportCount.Updated+a.ImportCount.Ignored == 0 {
		// An unknown identifier, told without counts: of a single value it is its fate.
		a.ImportCount.Ignored = 1
		if a.Description == "" {
			a.Description = a.Message
		}
		if len(a.Conflicts) == 0 && a.Description != "" {
			a.Conflicts = append(a.Conflicts, struct {
				Object  string `json:"object"`
				Value   string `json:"value"`
				Indexes []int  `json:"indexes"`
			}{Value: a.Description})
		}
		return a, 0, nil
	}
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusConflict {
		return nil, never, errors.New(strings.TrimSpace(fmt.Sprintf("the DHIS2 answers %d %s", resp.StatusCode, a.Message)))
	}
	return a, 0, nil
}
