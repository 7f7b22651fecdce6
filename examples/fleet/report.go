package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/didit-go/didit/jobs"
)

// report prints how the day ended, and fails unless everybody was imported exactly once.
func (d *day) report(ctx context.Context) error {
	took := time.Since(d.began).Round(time.Second)
	counts, err := d.admin.Count(ctx)
	if err != nil {
		return err
	}
	for _, state := range states {
		_, _ = fmt.Fprintf(d.out, "%-8s %d\n", state, counts[state])
	}
	copies := map[string][]string{}
	for _, s := range d.didit.b.Sessions() {
		copies[s.SharedFrom] = append(copies[s.SharedFrom], s.ID)
	}
	missing, twice := 0, 0
	for _, source := range d.didit.people {
		switch n := len(copies[source]); {
		case n == 0:
			missing++
		case n > 1:
			twice++
		}
	}
	rows, wrong, err := d.customers(ctx, copies)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(d.out, "%d people in %s, with %d workers killed\n", d.people, took, d.killed)
	_, _ = fmt.Fprintf(d.out, "Didit: %d requests, %d imports among them; %d went wrong, %d were over the limit\n",
		d.didit.answered.Load(), d.didit.importRequests.Load(), d.didit.wrong(), d.didit.denied.Load())
	_, _ = fmt.Fprintf(d.out, "copies: %d people have one, %d have none, %d have several\n", d.people-missing-twice, missing, twice)
	_, _ = fmt.Fprintf(d.out, "customers: %d rows, %d disagree with Didit\n", rows, wrong)
	if counts[jobs.StateDone] != d.people || missing+twice > 0 || rows != d.people || wrong > 0 {
		return errors.New("not everybody was imported exactly once")
	}
	return nil
}

// customers holds B's own table against Didit: each row changed once, and names the copy of
// the person that it is about.
func (d *day) customers(ctx context.Context, copies map[string][]string) (rows, wrong int, err error) {
	sources := map[string]string{}
	for _, s := range d.didit.a.Sessions() {
		sources[s.VendorData] = s.ID
	}
	all, err := d.admin.DB().QueryContext(ctx, `SELECT reference, state, session, imports FROM customers`)
	if err != nil {
		return 0, 0, err
	}
	defer all.Close() //nolint:errcheck // Err tells
	for all.Next() {
		var (
			reference, state, session string
			imports                   int
		)
		if err := all.Scan(&reference, &state, &session, &imports); err != nil {
			return 0, 0, err
		}
		rows++
		found := copies[sources[reference]]
		if state != "imported" || imports != 1 || len(found) != 1 || found[0] != session {
			wrong++
		}
	}
	return rows, wrong, all.Err()
}
