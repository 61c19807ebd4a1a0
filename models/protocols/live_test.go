package protocols

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"jol/models"
)

// memory is a shelf without a database.
type memory struct {
	mu   sync.Mutex
	p    models.Publications
	fail error
	sets map[string]models.EditionSet
}

func (m *memory) shelf() Shelf {
	return Shelf{
		Seq: func(context.Context) (int64, error) { m.mu.Lock(); defer m.mu.Unlock(); return m.p.Seq, nil },
		Publications: func(context.Context) (models.Publications, error) {
			m.mu.Lock()
			defer m.mu.Unlock()
			return m.p, m.fail
		},
		Edition: func(_ context.Context, _, name string) (models.EditionSet, error) {
			m.mu.Lock()
			defer m.mu.Unlock()
			set, ok := m.sets[name]
			if !ok {
				return nil, models.NotFound("edition")
			}
			return set, nil
		},
	}
}

// publish puts an edition on the shelf in force.
func (m *memory) publish(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sets == nil {
		m.sets = map[string]models.EditionSet{}
	}
	b := demoBundle(name)
	b.State = models.EditionPublished
	for i := range m.p.Editions {
		m.p.Editions[i].State = models.EditionSuperseded
	}
	at := time.Unix(m.p.Seq, 0)
	m.p.Editions = append([]models.Edition{{Protocol: "demo", Edition: name, State: models.EditionPublished, PublishedAt: &at}}, m.p.Editions...)
	m.p.Served = models.EditionSet{"demo": {b}}
	m.sets[name] = models.EditionSet{"demo": {demoBundle(name)}}
	m.p.Seq++
}

func TestLive_SwapsWhileReadersRead(t *testing.T) {
	t.Parallel()
	m := &memory{}
	live, err := NewLive(t.Context(), small(), load(t, small()), m.shelf())
	if err != nil {
		t.Fatal(err)
	}
	before := live.Catalog()
	var stop atomic.Bool
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for !stop.Load() {
				c := live.Catalog()
				edition, _ := c.Edition("demo")
				body, ok := c.Step("demo", "s-one", "en")
				if !ok || !strings.Contains(string(body.JSON), `"edition":"`+edition+`"`) {
					t.Errorf("a reader found two editions at once")
					return
				}
			}
		})
	}
	for _, name := range []string{"2", "3", "4"} {
		m.publish(name)
		if err := live.Refresh(t.Context()); err != nil {
			t.Error(err)
		}
		if got, _ := live.Catalog().Edition("demo"); got != name {
			t.Errorf("serves %s", got)
		}
	}
	stop.Store(true)
	readers.Wait()
	if name, _ := before.Edition("demo"); name != "1.0.0" {
		t.Error("a catalogue somebody holds has changed")
	}
}

func TestLive_FollowsAndKeepsTheOldOnFailure(t *testing.T) {
	t.Parallel()
	m := &memory{}
	live, err := NewLive(t.Context(), small(), load(t, small()), m.shelf())
	if err != nil {
		t.Fatal(err)
	}
	m.publish("2")
	if err := live.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.publish("3")
	m.mu.Lock()
	m.fail = models.Fail(models.KindUnavailable, "edition.checksum", "x")
	m.mu.Unlock()
	if err := live.Refresh(t.Context()); !models.IsKind(err, models.KindUnavailable) {
		t.Errorf("got %v", err)
	}
	if _, err := NewLive(t.Context(), small(), load(t, small()), m.shelf()); err == nil {
		t.Error("a new process quietly serves another edition than the one in force")
	}
	if got, _ := live.Catalog().Edition("demo"); got != "2" {
		t.Errorf("serves %s", got)
	}
	m.mu.Lock()
	m.fail = nil
	m.mu.Unlock()
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	done := make(chan struct{})
	go func() { live.Follow(ctx, time.Millisecond, slog.New(slog.DiscardHandler)); close(done) }()
	for got := ""; got != "3" && ctx.Err() == nil; got, _ = live.Catalog().Edition("demo") {
		runtime.Gosched()
	}
	if ctx.Err() != nil {
		t.Error("the follower did not see the publication")
	}
	stop()
	<-done
}

func TestLive_ReadsOldEditionsByName(t *testing.T) {
	t.Parallel()
	m := &memory{}
	m.publish("2")
	m.publish("3")
	live, err := NewLive(t.Context(), small(), load(t, small()), m.shelf())
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	for _, e := range live.Editions("demo") {
		states[e.Edition] = e.State
		c, err := live.Read(t.Context(), e)
		if err != nil {
			t.Fatal(err)
		}
		if v := stepOf(t, c, "s-one", "en"); v.Edition != e.Edition || v.State != e.State {
			t.Errorf("%s reads as %s, %s", e.Edition, v.Edition, v.State)
		}
		if again, _ := live.Read(t.Context(), e); again != c {
			t.Errorf("%s was compiled twice", e.Edition)
		}
	}
	if len(states) != 3 || states["3"] != "published" || states["2"] != "superseded" || states["1.0.0"] != "superseded" {
		t.Errorf("%v", states)
	}
	if _, err := live.Find("demo", "9"); !models.IsKind(err, models.KindNotFound) {
		t.Error(err)
	}
	if _, err := live.Read(t.Context(), models.Edition{Protocol: "demo", Edition: "9"}); !models.IsKind(err, models.KindNotFound) {
		t.Error(err)
	}
	broken := demoBundle("5")
	delete(broken.Files, "steps/p-one.yaml")
	m.sets["5"] = models.EditionSet{"demo": {broken}}
	var content *ContentError
	if _, err := live.Read(t.Context(), models.Edition{Protocol: "demo", Edition: "5"}); !errors.As(err, &content) || !models.IsKind(err, models.KindUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestLive_ForgetsTheOldestCatalogue(t *testing.T) {
	t.Parallel()
	n := namedCache{catalogs: map[string]*Catalog{}}
	compiled := 0
	ask := func(key string) {
		_, err := n.get(key, func() (*Catalog, error) { compiled++; return &Catalog{}, nil })
		if err != nil {
			t.Error(err)
		}
	}
	for i := range maxNamed + 1 {
		ask(string(rune('a' + i)))
	}
	ask("b")
	ask("a")
	if compiled != maxNamed+2 || len(n.catalogs) != maxNamed {
		t.Errorf("%d compiled, %d kept", compiled, len(n.catalogs))
	}
}

// What a reader pays for the swap: one atomic load.
func BenchmarkLive(b *testing.B) {
	live, err := NewLive(b.Context(), Embedded(), load(b, Embedded()), new(memory).shelf())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := live.Catalog().Step("therapeutic-programme", "tp-oat-missed", "en"); !ok {
			b.Fatal("not served")
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	refs, err := References(Embedded())
	if err != nil {
		b.Fatal(err)
	}
	set := models.EditionSet{}
	for _, r := range refs {
		set[r.Protocol] = []models.Bundle{r}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile(Embedded(), set); err != nil {
			b.Fatal(err)
		}
	}
}
