package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/bulk"
	"github.com/didit-go/didit/pace"
)

func (t *tool) bulkCommand() *cobra.Command {
	return parent(&cobra.Command{
		Use:   "bulk",
		Short: "Share or import a whole list",
	}, t.bulkShareCommand(), t.bulkImportCommand())
}

// errAgain is a run that another one goes on with.
var errAgain = errors.New("not all is done")

// errFailed is a run of which another one would make no more.
var errFailed = errors.New("not all is done")

// bulkFlags are what both runs need.
type bulkFlags struct {
	in, results, resume string
	workers             int
}

func (b *bulkFlags) add(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&b.in, "in", "", "`file` with the list, CSV with a heading or JSON lines; default: standard input")
	f.StringVar(&b.results, "results", "", "`file` of mode 0600 for the results; default: standard output")
	f.StringVar(&b.resume, "resume", "", "`file` of what is done: a run that finds one goes on where the last one ended")
	f.IntVar(&b.workers, "workers", 16, "calls at the same time")
}

// pacedClient makes the client that package bulk recommends.
func (t *tool) pacedClient() (*didit.Client, error) {
	return t.client(didit.WithMaxRetries(0), didit.WithLimiter(pace.Adaptive()))
}

// bulkRun is one run over a list: its files, and how it went.
type bulkRun struct {
	t       *tool
	flags   bulkFlags
	columns columns // of the list
	// check refuses flags that no item could do with. lists tells whether the list may have a
	// column: of JSON lines nobody knows before.
	check func(lists func(column string) bool) error
	empty record // a result without values

	items   *items
	results *results
	options bulk.Options
	bar     *bar
	again   int // items that failed and that another run may bring
	last    bulk.Progress
}

// run opens the files, lets f go through the list, and sums up.
func (b *bulkRun) run(ctx context.Context, f func() error) (err error) {
	var ends []func() error
	defer func() {
		for _, end := range ends {
			err = errors.Join(err, end())
		}
	}()
	if err = b.t.distinct(b.flags); err != nil {
		return err
	}
	if b.items, err = b.t.openItems(ctx, b.flags.in, b.columns); err != nil {
		return err
	}
	ends = append(ends, b.items.close)
	if b.flags.workers < 0 {
		return usageError("--workers must not be negative")
	}
	if err = b.check(b.items.lists); err != nil {
		return err
	}
	if b.results, err = b.t.openResults(b.flags.results, b.flags.resume != "", b.ended(b.empty, 0, "")); err != nil {
		return err
	}
	ends = append(ends, b.results.close)
	b.options = bulk.Options{Workers: b.flags.workers, Total: b.items.total}
	if b.flags.resume != "" {
		checkpoint, err := bulk.OpenFile(b.flags.resume)
		if err != nil {
			return fmt.Errorf("--resume: %w", err)
		}
		ends = append(ends, checkpoint.Close)
		b.options.Checkpoint = checkpoint
	}
	b.bar = newBar(b.t.errs, b.items.total)
	b.options.Progress = func(p bulk.Progress) {
		b.last = p
		b.bar.show(p)
	}
	err = f()
	b.bar.end()
	return b.sum(ctx, err)
}

// result writes what became of an item. It is there before the item counts as done.
func (b *bulkRun) result(r record, attempts int, err error) error {
	if didit.Retryable(err) {
		b.again++
	}
	text := ""
	if err != nil {
		text = inList.plain(err)
	}
	return b.results.add(b.ended(r, attempts, text))
}

// ended is a result with what all of them have at their end.
func (*bulkRun) ended(r record, attempts int, text string) record {
	return append(r, field{"attempts", attempts}, field{"error", text})
}

// sum says how the run went.
func (b *bulkRun) sum(ctx context.Context, err error) error {
	p := b.last
	sum := record{{"done", p.Done}, {"failed", p.Failed}, {"done_before", p.Skipped}}
	text := fmt.Sprintf("%d done, %d failed, %d done before", p.Done, p.Failed, p.Skipped)
	if b.columns.choose != nil {
		sum = append(sum, field{"without_token", b.items.unshared})
		text += fmt.Sprintf(", %d without a token", b.items.unshared)
	}
	switch {
	case b.flags.results != "":
		sum = append(sum, field{"results", b.flags.results}, field{"resume", b.flags.resume})
		if printErr := b.t.print(sum); printErr != nil {
			return errors.Join(err, printErr)
		}
	default:
		_, _ = fmt.Fprintln(b.t.errs, text)
	}
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%w: what was under way is in the results with its error, and may have taken effect; %s", errAgain, b.next())
	case err != nil:
		return err
	case b.again > 0:
		return fmt.Errorf("%w: %d failed, of which %d may be tried again; %s", errAgain, p.Failed, b.again, b.next())
	case p.Failed > 0:
		return fmt.Errorf("%w: %d failed; their errors are in the results", errFailed, p.Failed)
	}
	return nil
}

// next says how a run goes on.
func (b *bulkRun) next() string {
	switch {
	case b.flags.resume != "":
		return "run the same command again to go on"
	case b.flags.in == "" || b.flags.in == "-":
		return "with --resume another run would go on"
	}
	return "with --resume another run would go on; this one kept no record of what is done"
}
