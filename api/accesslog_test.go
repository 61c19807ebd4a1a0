package api

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// The log holds the same seven facts of every request, and nothing a caller sent.
func TestAccessLog_HoldsNoInput(t *testing.T) {
	t.Parallel()
	f := newFake()
	base := f.serve(t)
	canary := map[string]string{"Idempotency-Key": "canary", "User-Agent": "canary", "X-Forwarded-For": "canary", "Referer": "canary"}
	Scenario{Method: "POST", Path: "/api/v1/things", Token: nurseToken, Headers: canary, Body: `{"canary":"canary"}`, Status: 200}.Run(t, base)
	Scenario{Path: "/api/v1/things/canary?canary=canary", Token: nurseToken, Status: 422, Code: "query.unknown_parameter"}.Run(t, base)
	Scenario{Path: "/api/v1/open/canary", Token: "canary", Status: 200}.Run(t, base)
	Scenario{Path: "/canary/canary?canary", Status: 404, Code: "path.not_found"}.Run(t, base)
	Scenario{Path: "/api/canary", Token: "canary", Status: 401, Code: "token.invalid"}.Run(t, base)
	Scenario{Method: "CANARY", Path: "/api/v1/things", Token: nurseToken, Status: 405, Code: "method.not_allowed"}.Run(t, base)
	log := f.log.String()
	if strings.Contains(strings.ToLower(log), "canary") || strings.Contains(log, "u-nurse") || strings.Contains(log, "127.0.0.1") {
		t.Errorf("the log holds input or the caller: %s", log)
	}
	want := []string{"bytes", "level", "method", "micros", "msg", "request", "role", "route", "status", "time"}
	var routes []string
	for line := range strings.Lines(log) {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		var keys []string
		for k := range entry {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		if !slices.Equal(keys, want) {
			t.Errorf("keys %v", keys)
		}
		routes = append(routes, entry["route"].(string)+" "+entry["role"].(string))
	}
	for _, r := range []string{"/api/v1/things nurse", "/api/v1/things/:id nurse", "/api/v1/open/:id ", "unmatched "} {
		if !slices.Contains(routes, r) {
			t.Errorf("no line for %q in %v", r, routes)
		}
	}
}
