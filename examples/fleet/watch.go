package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"riverqueue.com/riverui"

	"github.com/didit-go/didit/jobs"
)

// watch shows how far the tickets are until ctx ends. It needs no key.
func watch(ctx context.Context, database, listen string, out io.Writer) error {
	admin, err := jobs.OpenAdmin(ctx, database)
	if err != nil {
		return err
	}
	defer func() { _ = admin.Close() }()
	page, err := servePage(ctx, admin, listen, out)
	if err != nil {
		return err
	}
	defer page()
	line := newProgressLine(out)
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		text := "the tickets cannot be counted"
		if counts, err := admin.Count(ctx); err == nil {
			text = countsText(counts)
		}
		line.show(time.Now(), text)
		select {
		case <-ctx.Done():
			line.end()
			return nil
		case <-look.C:
		}
	}
}

var states = []jobs.State{jobs.StateQueued, jobs.StateRunning, jobs.StateWaiting, jobs.StateDone, jobs.StateRefused, jobs.StateStopped}

func countsText(counts map[jobs.State]int) (text string) {
	for _, state := range states {
		if n := counts[state]; n > 0 || state == jobs.StateDone {
			text += fmt.Sprintf("%d %s, ", n, state)
		}
	}
	return text[:len(text)-2]
}

// servePage serves River's own page until the returned function is called.
func servePage(ctx context.Context, admin *jobs.Admin, listen string, out io.Writer) (end func(), err error) {
	handler, err := riverui.NewHandler(&riverui.HandlerOpts{
		Endpoints: riverui.NewEndpoints(admin.River(), nil), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	if err := handler.Start(ctx); err != nil {
		cancel()
		return nil, err
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		cancel()
		return nil, err
	}
	// Another site's page must not press its buttons.
	server := &http.Server{Handler: http.NewCrossOriginProtection().Handler(handler), ReadHeaderTimeout: 5 * time.Second}
	served := make(chan struct{})
	go func() {
		_ = server.Serve(listener)
		close(served)
	}()
	_, err = fmt.Fprintf(out, "River's page is at http://%s\n", listener.Addr())
	return func() {
		cancel()
		_ = server.Close()
		<-served
	}, err
}

// progressLine is one line that changes on a terminal, a line every 10 s elsewhere.
type progressLine struct {
	out      io.Writer
	terminal bool
	shown    time.Time
	last     string
}

const every = 10 * time.Second

func newProgressLine(out io.Writer) *progressLine {
	l := &progressLine{out: out, shown: time.Now()}
	if file, ok := out.(*os.File); ok {
		info, err := file.Stat()
		l.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return l
}

func (l *progressLine) show(now time.Time, text string) {
	switch {
	case l.terminal:
		_, _ = fmt.Fprintf(l.out, "\r%s\x1b[K", text)
	case now.Sub(l.shown) >= every:
		l.shown = now
		_, _ = fmt.Fprintln(l.out, text)
	}
	l.last = text
}

// end leaves the last line.
func (l *progressLine) end() {
	if l.terminal {
		_, _ = fmt.Fprintln(l.out)
	} else {
		_, _ = fmt.Fprintln(l.out, l.last)
	}
}
