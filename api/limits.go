package api

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"golang.org/x/time/rate"

	"jol/models"
)

// Limits protects the service from a single caller. The zero value is not usable;
// start from DefaultLimits.
type Limits struct {
	// Body is the largest request body in bytes, unless a route says otherwise.
	Body int64
	// Rate is how many requests a second one user may make, and likewise one address
	// without an account, and how many bad tokens one address may try.
	Rate float64
	// Burst is how many of them may come at once.
	Burst int
	// Proxies are the reverse proxies whose X-Forwarded-For is believed. Without
	// them every caller behind a proxy shares the proxy's rate.
	Proxies []netip.Prefix
}

// DefaultLimits fits an office of clinics behind one address; it does not bite below
// 1,000 requests a second.
func DefaultLimits() Limits {
	return Limits{Body: 64 << 10, Rate: 2000, Burst: 4000}
}

// limiter holds the rates in memory. A restart forgets them, which gives an attacker
// no more than one burst.
type limiter struct {
	body      int64
	proxies   []netip.Prefix
	users     *buckets[models.UserID]
	addresses *buckets[string] // without an account
	guesses   *buckets[string] // bad or missing tokens
}

func newLimiter(l Limits) *limiter {
	return &limiter{
		body: l.Body, proxies: l.Proxies,
		users:     newBuckets[models.UserID](l),
		addresses: newBuckets[string](l),
		guesses:   newBuckets[string](l),
	}
}

// anonymous counts a request without an account and reports whether it may go on.
func (l *limiter) anonymous(client string) bool { return l.addresses.of(client).Allow() }

// user counts a request of a user and reports whether it may go on.
func (l *limiter) user(id models.UserID) bool { return l.users.of(id).Allow() }

// guessing reports whether an address has used up its bad tokens. They are counted
// apart from other requests: one confused script must not lock out its whole office
// from public pages, nor the reverse.
func (l *limiter) guessing(client string) bool { return l.guesses.of(client).Tokens() < 1 }

// guessed counts a bad token.
func (l *limiter) guessed(client string) { l.guesses.of(client).Allow() }

// client returns the caller's network address: of the connection, or the nearest one
// in X-Forwarded-For that is not a trusted proxy. IPv6 is cut to its /64, the unit in
// which addresses are handed out.
func (l *limiter) client(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "unknown"
	}
	if len(l.proxies) == 0 && !strings.Contains(host, ":") {
		return host // the common case allocates nothing
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return "unknown"
	}
	hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
	for i := len(hops) - 1; i >= 0 && l.isProxy(addr); i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = hop
	}
	if addr = addr.Unmap(); addr.Is6() {
		subnet, _ := addr.WithZone("").Prefix(64)
		addr = subnet.Addr()
	}
	return addr.String()
}

func (l *limiter) isProxy(addr netip.Addr) bool {
	for _, p := range l.proxies {
		if p.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}

// generation is how many callers one map of buckets holds.
const generation = 10_000

// buckets keeps one token bucket per caller in bounded memory: when the young map is
// full it becomes the old one, and whoever is not seen again is forgotten with it.
type buckets[K comparable] struct {
	rate  rate.Limit
	burst int

	mu         sync.Mutex
	young, old map[K]*rate.Limiter
}

func newBuckets[K comparable](l Limits) *buckets[K] {
	return &buckets[K]{rate: rate.Limit(l.Rate), burst: l.Burst, young: map[K]*rate.Limiter{}}
}

func (b *buckets[K]) of(key K) *rate.Limiter {
	b.mu.Lock()
	defer b.mu.Unlock()
	if bucket, ok := b.young[key]; ok {
		return bucket
	}
	bucket, ok := b.old[key]
	if !ok {
		bucket = rate.NewLimiter(b.rate, b.burst)
	}
	if len(b.young) >= generation {
		b.old, b.young = b.young, make(map[K]*rate.Limiter)
	}
	b.young[key] = bucket
	return bucket
}
