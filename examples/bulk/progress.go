package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/didit-go/didit/bulk"
)

// progressLine shows how far the run is: one line that changes on a terminal, a line
// every 10 s elsewhere.
type progressLine struct {
	out      io.Writer
	terminal bool
	earlier  int           // imported by earlier runs
	shown    time.Duration // of Elapsed
	last     bulk.Progress
}

const every = 10 * time.Second

func newProgressLine(out *os.File, earlier int) *progressLine {
	info, err := out.Stat()
	return &progressLine{out: out, earlier: earlier, terminal: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

func (l *progressLine) show(p bulk.Progress) {
	switch {
	case l.terminal:
		_, _ = fmt.Fprintf(l.out, "\r%s\x1b[K", l.text(p))
	case p.Elapsed-l.shown >= every:
		l.shown += every
		_, _ = fmt.Fprintln(l.out, l.text(p))
	}
	l.last = p
}

// end leaves the last line.
func (l *progressLine) end() {
	if l.terminal {
		_, _ = fmt.Fprintln(l.out)
	} else {
		_, _ = fmt.Fprintln(l.out, l.text(l.last))
	}
}

// text is a run in one line.
func (l *progressLine) text(p bulk.Progress) string {
	left := "time left not known"
	if p.Left >= 0 {
		left = p.Left.Round(time.Second).String() + " left"
	}
	line := fmt.Sprintf("%d of %d imported, %.0f a minute, %s", l.earlier+p.Done, l.earlier+p.Total, p.PerMinute, left)
	if p.Failed > 0 {
		line += fmt.Sprintf(", %d failed", p.Failed)
	}
	if p.Waiting > 0 {
		line += fmt.Sprintf(", %d wait to be tried again", p.Waiting)
	}
	return line
}
