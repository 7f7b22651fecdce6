package didittest

import "sync"

// gauge counts what is under way. A sync.WaitGroup will not do: requests may still arrive while Close waits.
type gauge struct {
	mu    sync.Mutex
	n     int
	empty chan struct{} // closed when n falls to 0; nil while nobody waits
}

func (g *gauge) add(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n += n
	if g.n == 0 && g.empty != nil {
		close(g.empty)
		g.empty = nil
	}
}

// idle is closed as soon as nothing is under way.
func (g *gauge) idle() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.empty == nil {
		g.empty = make(chan struct{})
	}
	empty := g.empty
	if g.n == 0 {
		close(empty)
		g.empty = nil
	}
	return empty
}
