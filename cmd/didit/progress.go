package main

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/didit-go/didit/bulk"
)

// bar shows on a terminal how far a run is. It is nil where there is none.
type bar struct {
	container *mpb.Progress
	bar       *mpb.Bar
	last      atomic.Pointer[bulk.Progress]
}

func newBar(out io.Writer, total int) *bar {
	if !onTerminal(out) {
		return nil
	}
	return makeBar(total, mpb.WithOutput(out))
}

func makeBar(total int, opts ...mpb.ContainerOption) *bar {
	b := &bar{container: mpb.New(opts...)}
	b.last.Store(&bulk.Progress{Left: -1})
	b.bar = b.container.AddBar(int64(total),
		mpb.BarWidth(14),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return progressText(b.last.Load()) })),
	)
	return b
}

func (b *bar) show(p bulk.Progress) {
	if b == nil {
		return
	}
	b.last.Store(&p)
	b.bar.SetCurrent(int64(p.Done + p.Skipped + p.Failed))
}

// end leaves the last line.
func (b *bar) end() {
	if b == nil {
		return
	}
	b.bar.Abort(false)
	b.container.Wait()
}

// progressText is a run in a few words.
func progressText(p *bulk.Progress) string {
	text := fmt.Sprintf(" %d", p.Done+p.Skipped)
	if p.Total > 0 {
		text += fmt.Sprintf(" of %d", p.Total)
	}
	text += fmt.Sprintf(", %.0f a minute", p.PerMinute)
	if p.Left > 0 {
		text += ", " + p.Left.Round(time.Second).String() + " left"
	}
	if p.Failed > 0 {
		text += fmt.Sprintf(", %d failed", p.Failed)
	}
	if p.Waiting > 0 {
		text += fmt.Sprintf(", %d wait", p.Waiting)
	}
	return text
}
