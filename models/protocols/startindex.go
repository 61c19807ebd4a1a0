package protocols

import (
	"sync"
	"sync/atomic"
)

// background is an index that is built once, beside everything else.
type background struct {
	once  sync.Once
	done  chan struct{}
	built atomic.Pointer[Index]
}

// StartIndex begins to build the search index, on the first call, and returns a channel
// that is closed when it is there. Nothing else waits for it. Whoever replaces a
// catalogue should wait before the swap, so that readers never miss the search.
func (c *Catalog) StartIndex() <-chan struct{} {
	b := &c.index
	b.once.Do(func() {
		b.done = make(chan struct{})
		go func() {
			b.built.Store(NewIndex(c))
			close(b.done)
		}()
	})
	return b.done
}

// Index returns the search index; ok is false until it is built.
func (c *Catalog) Index() (x *Index, ok bool) {
	x = c.index.built.Load()
	return x, x != nil
}
