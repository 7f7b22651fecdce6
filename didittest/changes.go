package didittest

import "sync"

// changes numbers what happens, and wakes who watches.
type changes struct {
	mu       sync.Mutex
	revision uint64
	watchers map[chan struct{}]bool
}

// next is the number of something that has just happened, from 1.
func (c *changes) next() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.revision++
	for w := range c.watchers {
		select {
		case w <- struct{}{}:
		default: // it has been woken already
		}
	}
	return c.revision
}

// watch returns a channel that is sent to after something has happened, once for any number of things.
func (c *changes) watch() (woken chan struct{}, end func()) {
	woken = make(chan struct{}, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.watchers == nil {
		c.watchers = map[chan struct{}]bool{}
	}
	c.watchers[woken] = true
	return woken, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.watchers, woken)
	}
}
