package protocols

import "sync"

// derived keeps what other packages made from a catalogue. It lives and dies with the
// catalogue, so that a new edition never meets a body made from the old one.
type derived struct{ bodies, documents sync.Map }

// Derived returns the body that render makes under key, made when first asked for and
// kept. Keys must come from the content, never from a caller: they are never dropped.
func (c *Catalog) Derived(key string, render func() (any, error)) (Body, error) {
	made, _ := c.derived.bodies.LoadOrStore(key, sync.OnceValues(func() (Body, error) {
		view, err := render()
		if err != nil {
			return Body{}, err
		}
		return NewBody(view)
	}))
	return made.(func() (Body, error))()
}

// NewBody makes a finished answer of a view whose main language is English.
func NewBody(view any) (Body, error) { return newBody(sourceLanguage, view) }
