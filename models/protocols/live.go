package protocols

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"jol/models"
)

// Shelf is where published editions come from: the store, wired by main. Every function
// may be called at any time and from several goroutines.
type Shelf struct {
	// Seq grows whenever what is served changes. It is asked for several times a second.
	Seq func(context.Context) (int64, error)
	// Publications returns what is public now, checksums verified.
	Publications func(context.Context) (models.Publications, error)
	// Edition returns one edition with everything it is read together with.
	Edition func(ctx context.Context, slug, edition string) (models.EditionSet, error)
}

// Live is the catalogue that is served now. Readers take it with one atomic load and are
// never paused: a publication is compiled beside the old catalogue, which those who hold
// it go on reading, and then takes its place.
type Live struct {
	builtIn   fs.FS
	reference *Catalog // the built-in content alone
	shelf     Shelf
	now       atomic.Pointer[snapshot]
	refresh   sync.Mutex // one refresh at a time
	named     namedCache
}

// snapshot is what one publication sequence stands for.
type snapshot struct {
	seq      int64
	catalog  *Catalog
	editions []models.Edition
}

// NewLive loads what is published now; reference is the built-in content, loaded. It
// fails when a published edition cannot be served: a service that quietly went back to
// another edition would mislead.
func NewLive(ctx context.Context, builtIn fs.FS, reference *Catalog, shelf Shelf) (*Live, error) {
	l := &Live{builtIn: builtIn, reference: reference, shelf: shelf, named: namedCache{catalogs: map[string]*Catalog{}}}
	l.now.Store(&snapshot{seq: -1})
	return l, l.Refresh(ctx)
}

// Catalog returns what is served now.
func (l *Live) Catalog() *Catalog { return l.now.Load().catalog }

// Refresh looks once and, when something was published or withdrawn, swaps the
// catalogue. On an error the old one stays.
func (l *Live) Refresh(ctx context.Context) error {
	l.refresh.Lock()
	defer l.refresh.Unlock()
	seq, err := l.shelf.Seq(ctx)
	if err != nil || seq == l.now.Load().seq {
		return err
	}
	p, err := l.shelf.Publications(ctx)
	if err != nil {
		return err
	}
	catalog := l.reference
	if len(p.Served) > 0 {
		if catalog, err = Compile(l.builtIn, p.Served); err != nil {
			return err
		}
	}
	if l.Catalog() != nil { // readers of the old one must not miss the search
		<-catalog.StartIndex()
	}
	l.now.Store(&snapshot{p.Seq, catalog, l.withStates(p.Editions, catalog)})
	return nil
}

// withStates tells which recorded built-in editions are in force, and adds the built-in
// ones that nobody has recorded.
func (l *Live) withStates(editions []models.Edition, catalog *Catalog) []models.Edition {
	out := slices.Clone(editions)
	for _, slug := range l.reference.Slugs() {
		name, _ := l.reference.Edition(slug)
		if !slices.ContainsFunc(out, func(e models.Edition) bool { return e.Protocol == slug && e.Edition == name }) {
			jurisdiction := l.reference.content.protocols[slug].file.jurisdiction.text
			out = append(out, models.Edition{Protocol: slug, Edition: name, Jurisdiction: jurisdiction, State: models.EditionReference})
		}
	}
	for i, e := range out {
		served, _ := catalog.Edition(e.Protocol)
		switch {
		case e.State == models.EditionReference && e.Edition == served:
			out[i].State, out[i].BuiltIn = models.EditionPublished, true
		case e.State == models.EditionReference:
			out[i].State, out[i].BuiltIn = models.EditionSuperseded, true
		}
	}
	return out
}

// Follow refreshes at every interval until the context ends. After a failure, which is
// logged once, it looks less often: compiling what cannot be served is not free.
func (l *Live) Follow(ctx context.Context, every time.Duration, log *slog.Logger) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := l.Refresh(ctx)
		switch {
		case err != nil && !failing && ctx.Err() == nil:
			log.Error("published editions cannot be loaded; those loaded before stay in service", "cause", cause(err))
			tick.Reset(20 * every)
		case err == nil && failing:
			log.Info("published editions are loaded again")
			tick.Reset(every)
		}
		failing = err != nil
	}
}

// cause names an error without values: what is wrong with content is public, what a
// database says may not be.
func cause(err error) string {
	var content *ContentError
	var known *models.Error
	switch {
	case errors.As(err, &content):
		return content.Error()
	case errors.As(err, &known):
		return known.Error()
	}
	return fmt.Sprintf("%T", err)
}

// Editions lists the public editions of a protocol, newest first.
func (l *Live) Editions(slug string) []models.Edition {
	var out []models.Edition
	for _, e := range l.now.Load().editions {
		if e.Protocol == slug {
			out = append(out, e)
		}
	}
	return out
}

// Find returns a public edition by name.
func (l *Live) Find(slug, name string) (models.Edition, error) {
	for _, e := range l.now.Load().editions {
		if e.Protocol == slug && e.Edition == name {
			return e, nil
		}
	}
	return models.Edition{}, models.NotFound("edition")
}

// InForce returns the edition of a protocol that is served.
func (l *Live) InForce(slug string) (models.Edition, error) {
	name, ok := l.Catalog().Edition(slug)
	if !ok {
		return models.Edition{}, models.NotFound("protocol")
	}
	return l.Find(slug, name)
}

// BuiltIn returns the edition of a protocol that came with this program.
func (l *Live) BuiltIn(slug string) (models.Edition, error) {
	name, ok := l.reference.Edition(slug)
	if !ok {
		return models.Edition{}, models.NotFound("protocol")
	}
	return l.Find(slug, name)
}

// Read returns the catalogue in which an edition is read: the current one when it is
// served, otherwise one that is compiled for it and kept for the next reader.
func (l *Live) Read(ctx context.Context, e models.Edition) (*Catalog, error) {
	current := l.Catalog()
	if name, ok := current.Edition(e.Protocol); ok && name == e.Edition && e.State == models.EditionPublished {
		return current, nil
	}
	return l.named.get(e.Protocol+" "+e.Edition+" "+e.State, func() (*Catalog, error) {
		if e.BuiltIn {
			if name, _ := l.reference.Edition(e.Protocol); name == e.Edition {
				return l.builtInAs(e)
			}
		}
		set, err := l.shelf.Edition(ctx, e.Protocol, e.Edition)
		if err != nil {
			return nil, err
		}
		top := len(set[e.Protocol]) - 1
		set[e.Protocol][top].State = e.State
		c, err := Compile(l.builtIn, set)
		if content := (*ContentError)(nil); errors.As(err, &content) {
			return nil, errUnreadable.WithCause(err)
		}
		return c, err
	})
}

// errUnreadable is an edition that an older program accepted and this one does not.
var errUnreadable = models.Fail(models.KindUnavailable, "edition.unreadable", "This edition cannot be shown by this version of the service.")

// builtInAs renders the built-in content anew, because it says that it is superseded.
func (l *Live) builtInAs(e models.Edition) (*Catalog, error) {
	files, err := filesOf(l.builtIn)
	if err != nil {
		return nil, err
	}
	c := read(files)
	c.states[e.Protocol] = e.State
	return c.catalog()
}

// Bundle returns an edition's own files, without those of its base.
func (l *Live) Bundle(ctx context.Context, e models.Edition) (models.Bundle, error) {
	set, err := l.shelf.Edition(ctx, e.Protocol, e.Edition)
	return set.Top(e.Protocol), err
}

// namedCache keeps the catalogues of editions that are read by name. Each holds a few
// megabytes, so the oldest goes when there are too many.
type namedCache struct {
	mu       sync.Mutex
	catalogs map[string]*Catalog
	order    []string
}

const maxNamed = 8

// get compiles inside the lock: readers of the current edition never come here, and two
// who ask for one old edition share the work.
func (n *namedCache) get(key string, compile func() (*Catalog, error)) (*Catalog, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if c, ok := n.catalogs[key]; ok {
		return c, nil
	}
	c, err := compile()
	if err != nil {
		return nil, err
	}
	if len(n.order) == maxNamed {
		delete(n.catalogs, n.order[0])
		n.order = n.order[1:]
	}
	n.catalogs[key], n.order = c, append(n.order, key)
	return c, nil
}
