package api

import (
	"net/http/httptest"
	"net/netip"
	"strconv"
	"testing"
)

func TestLimits_RatesAreKeptApart(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.limits = newLimiter(Limits{Body: 1000, Rate: 0.001, Burst: 3})
	base := f.serve(t)
	repeat := func(sc Scenario) Answer {
		for range 3 {
			sc.Run(t, base)
		}
		sc.Status, sc.Code = 429, "rate.exceeded"
		return sc.Run(t, base)
	}
	a := repeat(Scenario{Path: "/api/v1/open/1", Status: 200})
	if a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	repeat(Scenario{Path: "/api/v1/me", Token: guardToken, Status: 200})
	repeat(Scenario{Path: "/api/v1/things", Token: nurseToken, Status: 200})
	repeat(Scenario{Path: "/api/v1/none", Token: "jol_wrong", Status: 401, Code: "token.invalid"})
	// An address that guessed too often is not even looked up.
	Scenario{Path: "/api/v1/me", Token: "jol_wrong", Status: 429, Code: "rate.exceeded"}.Run(t, base)
	Scenario{Path: "/livez", Status: 200}.Run(t, base)
}

func TestLimits_ClientAddress(t *testing.T) {
	t.Parallel()
	direct := newLimiter(DefaultLimits())
	l := DefaultLimits()
	l.Proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	proxied := newLimiter(l)
	for _, c := range []struct {
		limiter                 *limiter
		remote, forwarded, want string
	}{
		{direct, "192.0.2.1:1", "", "192.0.2.1"},
		{direct, "192.0.2.1:1", "198.51.100.1", "192.0.2.1"},
		{direct, "[2001:db8:1:2:3:4:5:6]:1", "", "2001:db8:1:2::"},
		{direct, "[::ffff:192.0.2.1]:1", "", "192.0.2.1"},
		{direct, "pipe", "", "unknown"},
		{proxied, "10.0.0.1:1", "198.51.100.1", "198.51.100.1"},
		{proxied, "10.0.0.1:1", "203.0.113.9, 198.51.100.1, 10.0.0.2", "198.51.100.1"},
		{proxied, "10.0.0.1:1", "nonsense", "10.0.0.1"},
		{proxied, "10.0.0.1:1", "", "10.0.0.1"},
		{proxied, "192.0.2.1:1", "198.51.100.1", "192.0.2.1"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := c.limiter.client(r); got != c.want {
			t.Errorf("%s via %q: %s, want %s", c.remote, c.forwarded, got, c.want)
		}
	}
}

func TestLimits_MemoryIsBounded(t *testing.T) {
	t.Parallel()
	b := newBuckets[string](Limits{Rate: 0.001, Burst: 1})
	if !b.of("regular").Allow() {
		t.Fatal("first request refused")
	}
	for i := range 5 * generation {
		b.of(strconv.Itoa(i))
		if i%(generation/2) == 0 && b.of("regular").Allow() {
			t.Fatal("a caller who keeps coming was forgotten")
		}
	}
	if n := len(b.young) + len(b.old); n > 2*generation {
		t.Errorf("%d buckets", n)
	}
}
