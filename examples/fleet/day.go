package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/didit-go/didit/jobs"
)

// day is a day of both partners, from the first share to the last import.
type day struct {
	people, workers, perMinute int
	faults                     float64
	kill, freeze               time.Duration
	repeated                   bool
	database, listen           string
	out                        io.Writer
	// harm is called ten times a second, to see whether something goes wrong now. nil: by
	// the clock.
	harm func(imported int) error

	dir      string // of the logs, and of SQLite's file
	didit    *played
	settings *settings
	admin    *jobs.Admin
	fleet    []*process
	bank     *process
	began    time.Time
	harmed
}

func (d *day) play(ctx context.Context) (err error) {
	if d.dir, err = os.MkdirTemp("", "fleet-"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w; the logs are in %s", err, d.dir)
		} else {
			err = os.RemoveAll(d.dir)
		}
	}()
	if d.database == "" {
		d.database = "sqlite:" + filepath.Join(d.dir, "fleet.db")
	}
	d.didit = d.playDidit()
	defer d.didit.Close()
	d.settings = d.didit.settings(d.database)
	if err := d.prepare(ctx); err != nil {
		return err
	}
	if d.admin, err = jobs.OpenAdmin(ctx, d.database); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.admin.Close()) }()
	page, err := servePage(ctx, d.admin, d.listen, d.out)
	if err != nil {
		return err
	}
	defer page()
	defer d.end() //nolint:errcheck // where it matters it was called before
	if err := d.begin(); err != nil {
		return err
	}
	if err := d.untilDone(ctx); err != nil {
		return err
	}
	if err := d.end(); err != nil {
		return err
	}
	return d.report(ctx)
}

// prepare makes the tables, and sees that the database is not of an earlier day: the
// sessions of that are gone.
func (d *day) prepare(ctx context.Context) error {
	b, err := d.settings.fintech(ctx)
	if err != nil {
		return err
	}
	defer b.Close() //nolint:errcheck,contextcheck // this process ends
	counts, err := b.Count(ctx)
	if err != nil {
		return err
	}
	if len(counts) > 0 {
		return errors.New("the database has tickets of an earlier day: give another one")
	}
	return b.makeTable(ctx)
}

// begin starts all processes.
func (d *day) begin() (err error) {
	d.began = time.Now()
	d.fleet = make([]*process, d.workers)
	for i := range d.fleet {
		if err := d.startWorker(i); err != nil {
			return err
		}
	}
	d.bank, err = d.settings.start(d.dir, "enqueue", "enqueue")
	return err
}

func (d *day) startWorker(i int) (err error) {
	d.fleet[i], err = d.settings.start(d.dir, "work", fmt.Sprintf("worker-%d", i+1))
	return err
}

// untilDone waits until every ticket has ended.
func (d *day) untilDone(ctx context.Context) error {
	line := newProgressLine(d.out)
	defer line.end()
	if d.harm == nil {
		d.harm = d.byTheClock
	}
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for {
		all := d.bank.hasEnded()
		counts, err := d.admin.Count(ctx)
		if err != nil {
			return err
		}
		if all && d.bank.err != nil {
			return fmt.Errorf("the bank has failed: %w", d.bank.err)
		}
		for _, p := range d.fleet {
			if p.hasEnded() {
				return errors.Join(errors.New("a worker has ended by itself"), p.err)
			}
		}
		text := fmt.Sprintf("%s: %s, %d killed", time.Since(d.began).Round(time.Second), countsText(counts), d.killed)
		if d.frozen != nil {
			text += ", one frozen"
		}
		line.show(time.Now(), text)
		open := counts[jobs.StateQueued] + counts[jobs.StateRunning] + counts[jobs.StateWaiting]
		if all && open == 0 && d.frozen == nil {
			return nil
		}
		if err := d.harm(counts[jobs.StateDone]); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
		}
	}
}

// end lets every process finish what it has under way. Called again it does nothing.
func (d *day) end() error {
	var errs []error
	if d.frozen != nil {
		errs = append(errs, d.thawInTime(d.thaw))
	}
	all := d.fleet
	if d.bank != nil {
		all = append(all, d.bank)
	}
	for _, p := range all {
		if p != nil {
			_ = p.in.Close()
		}
	}
	for _, p := range all {
		if p != nil {
			errs = append(errs, p.end())
		}
	}
	d.fleet, d.bank = nil, nil
	return errors.Join(errs...)
}
