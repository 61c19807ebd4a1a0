package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
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

func (a *importAnswer) counts() tally {
	c := a.ImportCount
	return tally{c.Imported, c.Updated, c.Deleted, c.Ignored}
}

// settle writes the fate of each value as far as the answer tells it; false when it does
// not tell it of every one.
func (a *importAnswer) settle(fates []fate) bool {
	c := a.counts()
	if c.imported+c.updated+c.deleted+c.ignored != len(fates) {
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
	if c.ignored == len(fates) {
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
	kinds := 0
	for _, n := range []int{c.imported, c.updated, c.deleted} {
		if n > 0 {
			kinds++
		}
	}
	if len(refused) != c.ignored || kinds > 1 {
		return false
	}
	for i := range fates {
		why, no := refused[i]
		switch {
		case no:
			fates[i].state, fates[i].why = a.reason(fates[i].value, why)
		case c.imported > 0:
			fates[i].state, fates[i].why = fateImported, ""
		case c.deleted > 0:
			fates[i].state, fates[i].why = fateDeleted, ""
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

// failure is a request that was not answered with an import summary.
type failure struct {
	text  string
	again bool          // trying again can give another answer
	taken bool          // the DHIS2 may have done what was asked
	after time.Duration // how long it asks to wait
}

func (f *failure) Error() string { return f.text }

// notTaken reports whether the DHIS2 surely did nothing.
func notTaken(err error) bool {
	var f *failure
	return errors.As(err, &f) && !f.taken
}

// post sends values of one kind and reads the answer. 429, answers of 500 and over, and
// broken connections are tried again; but an import that may have been taken is not, though
// the same values written twice are the same values: a server that is still at the first
// would get the work five times. No answer in time is not tried again either.
func (p *pusher) post(ctx context.Context, fates []fate, dryRun bool) (*importAnswer, error) {
	body, err := json.Marshal(exchange.DataValueSet{OrgUnitIDScheme: "CODE", DataValues: valuesOf(fates)})
	if err != nil {
		return nil, err
	}
	strategy := "CREATE_AND_UPDATE"
	if fates[0].remove {
		strategy = "DELETE"
	}
	query := url.Values{"dryRun": {strconv.FormatBool(dryRun)}, "importStrategy": {strategy}, "async": {"false"},
		"orgUnitIdScheme": {"code"}, "dataElementIdScheme": {"uid"}, "categoryOptionComboIdScheme": {"uid"}}
	wait := firstPause
	for try := 1; ; try++ {
		a, err := p.once(ctx, query.Encode(), body)
		var f *failure
		if !errors.As(err, &f) || !f.again || f.taken && !dryRun || try == pushTries || ctx.Err() != nil {
			return a, err
		}
		if p.pause(ctx, min(max(wait, f.after), longestPause)) != nil {
			return nil, err
		}
		wait *= 2
	}
}

// once sends one request. Its errors are failures.
func (p *pusher) once(ctx context.Context, query string, body []byte) (*importAnswer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.address+"?"+query, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	r.GetBody = nil // net/http sends nothing twice by itself
	p.auth(r)
	resp, err := p.client.Do(r)
	if err != nil {
		return nil, unanswered(err, "the DHIS2 does not answer")
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 32<<20))
	if err != nil {
		return nil, unanswered(err, "the answer of the DHIS2 breaks off")
	}
	switch {
	case resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode >= 500:
		seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
		return nil, &failure{text: fmt.Sprintf("the DHIS2 answers %d", resp.StatusCode), again: true, taken: resp.StatusCode >= 500,
			after: time.Duration(max(seconds, 0)) * time.Second}
	case resp.StatusCode == http.StatusUnauthorized, resp.StatusCode == http.StatusForbidden:
		return nil, &failure{text: fmt.Sprintf("the DHIS2 does not take the secret (%d)", resp.StatusCode)}
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return nil, &failure{text: fmt.Sprintf("the DHIS2 answers %d and points elsewhere; nothing was sent there. Check --to: "+
			"the address without /api, as it stands after every redirect; a sign-in page can also mean a secret of the wrong kind", resp.StatusCode)}
	}
	return readAnswer(resp.StatusCode, raw)
}

// unanswered is a request without an answer. Unless no connection came about, it may have
// been taken.
func unanswered(err error, text string) *failure {
	var op *net.OpError
	dialled := !errors.As(err, &op) || op.Op != "dial"
	var late interface{ Timeout() bool }
	if errors.As(err, &late) && late.Timeout() && dialled {
		return &failure{text: text + " in time; give it longer with --timeout", taken: true}
	}
	return &failure{text: text + ": " + err.Error(), again: true, taken: dialled}
}

// readAnswer reads an import summary, whichever way it is wrapped.
func readAnswer(status int, raw []byte) (*importAnswer, error) {
	a := &importAnswer{}
	if json.Unmarshal(raw, a) != nil {
		return nil, &failure{text: fmt.Sprintf("the DHIS2 answers %d with something that is not an import summary", status), taken: status < 300}
	}
	if a.Response != nil {
		inner := a.Response
		if inner.Description == "" {
			inner.Description = a.Message
		}
		a = inner
	}
	if status == http.StatusConflict && a.ImportCount.Imported+a.ImportCount.Updated+a.ImportCount.Deleted+a.ImportCount.Ignored == 0 {
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
		return a, nil
	}
	if status != http.StatusOK && status != http.StatusConflict {
		return nil, &failure{text: exchange.Plain(fmt.Sprintf("the DHIS2 answers %d %.300s", status, a.Message)), taken: status < 300}
	}
	return a, nil
}
