package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"jol/models/exchange"
)

// standIn answers as the documents of DHIS2 say (dhis2-docs, developer/web-api/data.md): 200
// with an import summary, 409 for an unknown identifier, 401, 415 and 400. It is no DHIS2.
type standIn struct {
	mu       sync.Mutex
	elements []string
	places   []string
	stored   map[string]string
	modern   bool           // the summary is inside a message and names positions
	silent   bool           // 409 with a message and no counts
	failures []int          // statuses of the next answers
	after    string         // Retry-After of a failure
	requests []url.Values   // of every request
	drop     func(int) bool // refuses a value of a real import by its position
	broken   int            // status of every real import, which is done all the same
	hostile  string         // stands in every conflict
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r.URL.Query())
	if len(s.failures) > 0 {
		status := s.failures[0]
		s.failures = s.failures[1:]
		w.Header().Set("Retry-After", s.after)
		w.WriteHeader(status)
		return
	}
	if r.Header.Get("Authorization") != "ApiToken d2pat_secret" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.Header.Get("Content-Type") != "application/json" {
		w.WriteHeader(http.StatusUnsupportedMediaType)
		return
	}
	var set exchange.DataValueSet
	if r.URL.Path != "/dhis/api/dataValueSets" || json.NewDecoder(r.Body).Decode(&set) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	dry := r.URL.Query().Get("dryRun") == "true"
	count := map[string]int{"imported": 0, "updated": 0, "ignored": 0, "deleted": 0}
	var conflicts []map[string]any
	rejected := []int{}
	for i, v := range set.DataValues {
		object, text := "", ""
		if !slices.Contains(s.elements, v.DataElement) {
			object, text = v.DataElement, "Data element not found or not accessible: "+v.DataElement
		} else if !slices.Contains(s.places, v.OrgUnit) {
			object, text = v.OrgUnit, "Org unit not found or not accessible: "+v.OrgUnit
		} else if !dry && s.drop != nil && s.drop(i) {
			object, text = v.Period, "Period is locked: "+v.Period
		}
		if text += s.hostile; text != "" {
			count["ignored"]++
			rejected = append(rejected, i)
			conflicts = append(conflicts, map[string]any{"object": object, "value": text, "indexes": []int{i}})
			continue
		}
		key := v.DataElement + v.Period + v.OrgUnit + v.CategoryOptionCombo
		_, there := s.stored[key]
		if r.URL.Query().Get("importStrategy") == "DELETE" {
			if count[map[bool]string{true: "deleted", false: "ignored"}[there]]++; !dry {
				delete(s.stored, key)
			}
			continue
		}
		if there {
			count["updated"]++
		} else {
			count["imported"]++
		}
		if !dry {
			s.stored[key] = v.Value
		}
	}
	if s.broken != 0 && !dry {
		w.WriteHeader(s.broken)
		return
	}
	s.answer(w, count, conflicts, rejected)
}

func (s *standIn) answer(w http.ResponseWriter, count map[string]int, conflicts []map[string]any, rejected []int) {
	status, answer := http.StatusOK, map[string]any{"responseType": "ImportSummary", "status": "SUCCESS", "importCount": count, "conflicts": conflicts, "dataSetComplete": "false"}
	if len(conflicts) > 0 {
		status, answer["status"] = http.StatusConflict, "WARNING"
	}
	switch {
	case s.silent && len(conflicts) > 0:
		answer = map[string]any{"httpStatus": "Conflict", "httpStatusCode": 409, "status": "ERROR", "message": conflicts[0]["value"]}
	case s.modern:
		answer["rejectedIndexes"] = rejected
		answer = map[string]any{"httpStatus": http.StatusText(status), "httpStatusCode": status, "status": answer["status"], "message": "An error occurred, please check import summary.", "response": answer}
	default:
		for _, c := range conflicts {
			delete(c, "indexes")
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

func values(n int) []exchange.DataValue {
	all := make([]exchange.DataValue, n)
	for i := range all {
		all[i] = exchange.DataValue{DataElement: fmt.Sprintf("Element%04d", i/2), Period: "2026Q1", OrgUnit: []string{"KZ", "KZ-75"}[i%2], Value: fmt.Sprint(i + 5)}
	}
	return all
}

// newStandIn knows every element and place of values(n).
func newStandIn(t *testing.T, n int) (*standIn, *pusher, *[]time.Duration) {
	t.Helper()
	s := &standIn{places: []string{"KZ", "KZ-75"}, stored: map[string]string{}}
	for _, v := range values(n) {
		s.elements = append(s.elements, v.DataElement)
	}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	target, err := targetOf(srv.URL + "/dhis")
	if err != nil {
		t.Fatal(err)
	}
	p := newPusher(target, "", "d2pat_secret", time.Minute)
	var pauses []time.Duration
	p.pause = func(_ context.Context, d time.Duration) error {
		pauses = append(pauses, d)
		return nil
	}
	return s, p, &pauses
}

// states of the fates, in order, shortened: i, u, d, g for ignored, c, - for not sent, ? for unclear.
func states(fates []fate) string {
	short := map[string]string{fateImported: "i", fateUpdated: "u", fateIgnored: "g", fateConflict: "c", fateUnclear: "?", fateDeleted: "d", fateNotSent: "-"}
	var b strings.Builder
	for _, f := range fates {
		b.WriteString(short[f.state])
	}
	return b.String()
}

func TestPush_ImportsThenUpdates(t *testing.T) {
	t.Parallel()
	s, p, _ := newStandIn(t, 1203)
	dry, err := p.push(t.Context(), nil, values(1203), true)
	if err != nil || states(dry) != strings.Repeat("i", 1203) || len(s.stored) != 0 {
		t.Fatalf("dry run: %v, %d stored", err, len(s.stored))
	}
	for _, q := range s.requests {
		if q.Get("dryRun") != "true" || q.Get("orgUnitIdScheme") != "code" || q.Get("importStrategy") != "CREATE_AND_UPDATE" {
			t.Errorf("%v", q)
		}
	}
	first, err := p.push(t.Context(), nil, values(1203), false)
	if err != nil || states(first) != strings.Repeat("i", 1203) || len(s.stored) != 1203 || complaint(first) != nil {
		t.Fatalf("%v, %d stored", err, len(s.stored))
	}
	second, err := p.push(t.Context(), nil, values(1203), false)
	if err != nil || states(second) != strings.Repeat("u", 1203) {
		t.Fatalf("%v %s", err, states(second))
	}
}

// Each kind of answer must lead to the same report.
func TestPush_TellsTheFateOfEachValue(t *testing.T) {
	t.Parallel()
	for name, shape := range map[string]func(*standIn){
		"summary": func(*standIn) {}, "message with positions": func(s *standIn) { s.modern = true }, "409 without counts": func(s *standIn) { s.silent = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p, _ := newStandIn(t, 40)
			shape(s)
			known, err := p.push(t.Context(), nil, values(40)[:11], false)
			if err != nil || states(known) != strings.Repeat("i", 11) {
				t.Fatalf("%v %s", err, states(known))
			}
			s.elements = slices.DeleteFunc(s.elements, func(e string) bool { return e == "Element0007" })
			all := values(40)
			all[30].OrgUnit = "KZ-11+KZ-15" // a place the DHIS2 has not
			want := strings.Repeat("u", 11) + strings.Repeat("i", 3) + "cc" + strings.Repeat("i", 14) + "c" + strings.Repeat("i", 9)
			dry, err := p.push(t.Context(), nil, all, true)
			if err != nil || states(dry) != want {
				t.Fatalf("%v\ngot  %s\nwant %s", err, states(dry), want)
			}
			fates, err := p.push(t.Context(), nil, all, false)
			if err != nil || states(fates) != want || complaint(fates) == nil {
				t.Fatalf("%v\ngot  %s\nwant %s", err, states(fates), want)
			}
			if !strings.Contains(fates[14].why, "Element0007") || !strings.Contains(fates[30].why, "KZ-11+KZ-15") {
				t.Errorf("%q %q", fates[14].why, fates[30].why)
			}
			if len(s.stored) != 37 {
				t.Errorf("%d values stored", len(s.stored))
			}
			var report bytes.Buffer
			if err := writeFates(&report, fates, false); err != nil || strings.Count(report.String(), "\n") != 41 || !strings.Contains(report.String(), "conflict,Element0007,2026Q1,KZ,,19,") {
				t.Errorf("%v %s", err, report.String())
			}
			if got := summaryOf(fates, false); got != "40 values: 26 imported, 11 updated, 0 deleted, 0 ignored, 3 in conflict, 0 unclear, 0 not sent" {
				t.Error(got)
			}
		})
	}
}

// What passed the check and is refused all the same is told, never counted as sent.
func TestPush_ImportThatContradictsTheCheck(t *testing.T) {
	t.Parallel()
	s, p, _ := newStandIn(t, 6)
	s.modern, s.drop = true, func(i int) bool { return i == 2 }
	fates, err := p.push(t.Context(), nil, values(6), false)
	if err != nil || states(fates) != "iiciii" || complaint(fates) == nil {
		t.Errorf("%v %s", err, states(fates))
	}
	s, p, _ = newStandIn(t, 6)
	s.drop = func(i int) bool { return i == 2 }
	if fates, err = p.push(t.Context(), nil, values(6), false); err != nil || states(fates) != "??????" {
		t.Errorf("%v %s", err, states(fates))
	}
}

func TestPush_TriesAgain(t *testing.T) {
	t.Parallel()
	s, p, pauses := newStandIn(t, 4)
	s.failures = []int{503, 429, 500}
	if _, err := p.push(t.Context(), nil, values(4), true); err != nil || !slices.Equal(*pauses, []time.Duration{time.Second, 2 * time.Second, 4 * time.Second}) {
		t.Errorf("%v %v", err, *pauses)
	}
	s, p, pauses = newStandIn(t, 4)
	s.failures, s.after = []int{429, 429}, "30"
	if _, err := p.push(t.Context(), nil, values(4), true); err != nil || !slices.Equal(*pauses, []time.Duration{30 * time.Second, 30 * time.Second}) {
		t.Errorf("%v %v", err, *pauses)
	}
	s, p, pauses = newStandIn(t, 4)
	s.failures, s.after = slices.Repeat([]int{502}, 9), "86400"
	fates, err := p.push(t.Context(), nil, values(4), true)
	if err == nil || len(s.requests) != pushTries || slices.Max(*pauses) != longestPause || states(fates) != "----" {
		t.Errorf("%v after %d requests, %v", err, len(s.requests), *pauses)
	}
}

func TestPush_StopsWhereTryingAgainIsNoUse(t *testing.T) {
	t.Parallel()
	for _, status := range []int{401, 403, 302, 404, 400, 415} {
		s, p, _ := newStandIn(t, 4)
		s.failures = []int{status}
		fates, err := p.push(t.Context(), nil, values(4), false)
		if err == nil || len(s.requests) != 1 || len(s.stored) > 0 || states(fates) != "----" || status == 302 && strings.Contains(err.Error(), "does not take the secret") || strings.Contains(err.Error(), "d2pat") {
			t.Errorf("%d: %v after %d requests", status, err, len(s.requests))
		}
	}
	s, p, _ := newStandIn(t, 4)
	ctx, cancel := context.WithCancel(t.Context())
	p.pause = func(ctx context.Context, _ time.Duration) error { cancel(); return ctx.Err() }
	s.failures = []int{503, 503}
	if _, err := p.push(ctx, nil, values(4), true); err == nil || len(s.requests) != 1 {
		t.Errorf("%v after %d requests", err, len(s.requests))
	}
}

func TestPush_TakesNoSecretFromArguments(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "dhis2.example.org", "http://dhis2.example.org", "https://user:pass@dhis2.example.org", "https://dhis2.example.org?token=x", "ftp://127.0.0.1"} {
		if _, err := targetOf(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	for _, good := range []string{"https://dhis2.example.org/hmis", "http://127.0.0.1:8080", "http://localhost"} {
		if _, err := targetOf(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("from file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := readSecret(strings.NewReader("x"), file); err != nil || got != "from file" {
		t.Errorf("%q %v", got, err)
	}
	if got, err := readSecret(strings.NewReader("from stdin\r\n"), "-"); err != nil || got != "from stdin" {
		t.Errorf("%q %v", got, err)
	}
	for _, bad := range []string{"", "\n", "two\nlines\n"} {
		if _, err := readSecret(strings.NewReader(bad), "-"); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// What an earlier release showed and this one does not is taken out of the DHIS2.
func TestPush_DeletesWhatIsNotShownAnyMore(t *testing.T) {
	t.Parallel()
	s, p, _ := newStandIn(t, 6)
	all := values(6)
	if _, err := p.push(t.Context(), nil, all[:4], false); err != nil {
		t.Fatal(err)
	}
	dry, err := p.push(t.Context(), all[2:3], all[4:], true)
	if err != nil || states(dry) != "dii" || len(s.stored) != 4 {
		t.Fatalf("dry run: %v %s, %d stored", err, states(dry), len(s.stored))
	}
	fates, err := p.push(t.Context(), all[2:3], all[4:], false)
	if err != nil || states(fates) != "dii" || len(s.stored) != 5 || complaint(fates) != nil {
		t.Errorf("%v %s, %d stored", err, states(fates), len(s.stored))
	}
	again, err := p.push(t.Context(), all[2:3], all[4:], false) // it is gone already
	if err != nil || states(again) != "guu" || complaint(again) != nil {
		t.Errorf("%v %s", err, states(again))
	}
	for _, q := range s.requests {
		if got := q.Get("importStrategy"); got != "DELETE" && got != "CREATE_AND_UPDATE" {
			t.Errorf("%v", q)
		}
	}
}

// An import that may have been taken is neither repeated nor called not sent.
func TestPush_RepeatsNoImportThatMayHaveBeenTaken(t *testing.T) {
	t.Parallel()
	for _, status := range []int{500, 502, 503, 504} {
		s, p, pauses := newStandIn(t, 1203)
		s.broken = status
		fates, err := p.push(t.Context(), nil, values(1203), false)
		if err == nil || len(*pauses) != 0 || len(s.requests) != 4 || len(s.stored) != 500 {
			t.Errorf("%d: %v, %d requests, %d stored", status, err, len(s.requests), len(s.stored))
		}
		if got := states(fates); got != strings.Repeat("?", 500)+strings.Repeat("-", 703) {
			t.Errorf("%d: %s", status, got)
		}
		if !strings.HasPrefix(fates[0].why, "sent") || complaint(fates) == nil {
			t.Errorf("%q", fates[0].why)
		}
	}
}

// Values that passed the check are not said to be imported when the check did not end.
func TestPush_TellsNothingArrivedWhenTheCheckFails(t *testing.T) {
	t.Parallel()
	s, p, _ := newStandIn(t, 1203)
	p.pause = func(context.Context, time.Duration) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.failures = []int{401}
		return nil
	}
	s.failures = []int{503}
	if fates, err := p.push(t.Context(), nil, values(1203), false); err == nil || states(fates) != strings.Repeat("-", 1203) {
		t.Errorf("%v %s", err, states(fates))
	}
	s, p, _ = newStandIn(t, 1203)
	second := 0
	p.auth = func(r *http.Request) {
		if second++; second == 1 {
			r.Header.Set("Authorization", "ApiToken d2pat_secret")
		}
	}
	if fates, err := p.push(t.Context(), nil, values(1203), false); err == nil || states(fates) != strings.Repeat("-", 1203) || len(s.stored) > 0 {
		t.Errorf("%v %s", err, states(fates))
	}
}

// A server that is slow is not asked again while it works.
func TestPush_WaitsAsLongAsItIsToldTo(t *testing.T) {
	t.Parallel()
	release, requests := make(chan struct{}), make(chan struct{}, 9)
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests <- struct{}{}; <-release }))
	t.Cleanup(srv.Close)
	t.Cleanup(func() { close(release) })
	target, err := targetOf(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	p := newPusher(target, "", "d2pat_secret", 50*time.Millisecond)
	p.pause = func(context.Context, time.Duration) error { t.Error("it is tried again"); return nil }
	if _, err := p.push(t.Context(), nil, values(2), true); err == nil || !strings.Contains(err.Error(), "--timeout") || len(requests) != 1 {
		t.Errorf("%v after %d requests", err, len(requests))
	}
}

// The report is opened in a spreadsheet: what the other system says is text there.
func TestPush_ReportNeutralisesWhatTheOtherSays(t *testing.T) {
	t.Parallel()
	s, p, _ := newStandIn(t, 2)
	s.modern, s.hostile = true, "=HYPERLINK(\"https://evil.example\")\x1b[2J\r\n\u202e"
	fates, err := p.push(t.Context(), nil, values(2), true)
	if err != nil {
		t.Fatal(err)
	}
	var report bytes.Buffer
	if err := writeFates(&report, fates, true); err != nil {
		t.Fatal(err)
	}
	text := report.String()
	if !strings.Contains(text, "'=HYPERLINK") || strings.ContainsAny(text, "\x1b\r\u202e") || strings.Count(text, "\n") != 3 {
		t.Errorf("%q", text)
	}
}

// A report that is kept says itself that nothing was changed.
func TestPush_ReportOfADryRunSaysSo(t *testing.T) {
	t.Parallel()
	fates := []fate{{state: fateImported}, {state: fateUpdated}, {state: fateDeleted, remove: true}, {state: fateIgnored}, {state: fateConflict}, {state: fateNotSent}}
	for dryRun, want := range map[bool]string{
		true:  "would_import would_update would_delete ignored conflict not_sent",
		false: "imported updated deleted ignored conflict not_sent",
	} {
		var report bytes.Buffer
		if err := writeFates(&report, fates, dryRun); err != nil {
			t.Fatal(err)
		}
		var states []string
		for _, line := range strings.Split(strings.TrimSpace(report.String()), "\n")[1:] {
			state, _, _ := strings.Cut(line, ",")
			states = append(states, state)
		}
		if got := strings.Join(states, " "); got != want {
			t.Errorf("dry run %v: %s", dryRun, got)
		}
		if got := summaryOf(fates, dryRun); strings.Contains(got, "1 would be imported, 1 would be updated, 1 would be deleted") != dryRun {
			t.Error(got)
		}
	}
}
