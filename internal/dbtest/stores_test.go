package dbtest_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/bulk"
	"github.com/didit-go/didit/handoff"
	replaytest "github.com/didit-go/didit/handoff/storetest"
	"github.com/didit-go/didit/internal/dbtest"
	"github.com/didit-go/didit/sqlstore"
	"github.com/didit-go/didit/webhook"
	deliverytest "github.com/didit-go/didit/webhook/storetest"
)

func TestDeliveryStore(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		db := dbtest.Open(t, source)
		s := openStore(t, db, d)
		deliverytest.Run(t, func(t *testing.T) (webhook.DeliveryStore, func(time.Duration)) {
			execute(t, db, `DELETE FROM didit_deliveries`)
			return s.Deliveries(), func(by time.Duration) {
				execute(t, db, fmt.Sprintf(`UPDATE didit_deliveries SET until_ms = until_ms - %d`, by.Milliseconds()))
			}
		})
	})
}

func TestReplayStore(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		db := dbtest.Open(t, source)
		s := openStore(t, db, d)
		replaytest.Run(t, func(t *testing.T) (handoff.ReplayStore, func(time.Duration)) {
			execute(t, db, `DELETE FROM didit_replays`)
			return s.Replays(), func(by time.Duration) {
				execute(t, db, fmt.Sprintf(`UPDATE didit_replays SET leased_ms = leased_ms - %d, keep_ms = keep_ms - %[1]d`, by.Milliseconds()))
			}
		})
	})
}

// TestGivenBack: an event that is given back while somebody is told that it is taken is
// theirs.
func TestGivenBack(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		db := dbtest.Open(t, source)
		first := openStore(t, db, d)
		spy := &spy{driver: db.Driver(), source: source}
		spied := sql.OpenDB(spy)
		defer func() { require.NoError(t, spied.Close()) }()
		second := openStore(t, spied, d)

		event, err := first.Deliveries().Reserve(t.Context(), "evt", time.Minute)
		require.NoError(t, err)
		spy.before = func(text string) {
			if strings.HasPrefix(text, "SELECT done") {
				require.NoError(t, first.Deliveries().Release(t.Context(), event))
			}
		}
		event, err = second.Deliveries().Reserve(t.Context(), "evt", time.Minute)
		require.NoError(t, err)
		require.Equal(t, webhook.Acquired, event.State)
		require.NoError(t, second.Deliveries().Complete(t.Context(), event))

		replay, err := first.Replays().Reserve(t.Context(), "key", "hash", time.Minute, time.Minute)
		require.NoError(t, err)
		spy.before = func(text string) {
			if strings.HasPrefix(text, "SELECT hash") {
				require.NoError(t, first.Replays().Release(t.Context(), replay))
			}
		}
		replay, err = second.Replays().Reserve(t.Context(), "key", "hash", time.Minute, time.Minute)
		require.NoError(t, err)
		require.Equal(t, handoff.ReplayAcquired, replay.State)
		assert.True(t, replay.Again)
		require.NoError(t, second.Replays().Release(t.Context(), replay))
		require.Error(t, second.Replays().Release(t.Context(), handoff.Replay{Key: "key"}), "nobody is not an owner")
	})
}

const numbers = `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %d)`

// TestSweep: what is over is deleted, more than one sweep of it too, and an owner that is
// late by less than an hour can still complete.
func TestSweep(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		db := dbtest.Open(t, source)
		deliveries := openStore(t, db, d).Deliveries()
		reserve := func(s webhook.DeliveryStore, id string) webhook.Reservation {
			r, err := s.Reserve(t.Context(), id, time.Minute)
			require.NoError(t, err)
			require.Equal(t, webhook.Acquired, r.State)
			return r
		}
		late, later := reserve(deliveries, "late"), reserve(deliveries, "later")
		execute(t, db, `INSERT INTO didit_deliveries `+fmt.Sprintf(numbers, 2500)+` SELECT 'old-' || n, 'x', 1, 0 FROM numbers`)
		const back = `UPDATE didit_deliveries SET until_ms = until_ms - %d WHERE event_id = '%s'`
		execute(t, db, fmt.Sprintf(back, (59*time.Minute).Milliseconds(), "late"))
		execute(t, db, fmt.Sprintf(back, (62*time.Minute).Milliseconds(), "later"))
		again := openStore(t, db, d).Deliveries() // another process, which has not swept yet
		for i := range 3 {
			reserve(again, fmt.Sprint(i))
		}
		assert.Equal(t, 4, count(t, db, `SELECT COUNT(*) FROM didit_deliveries`))
		require.NoError(t, deliveries.Complete(t.Context(), late))
		require.Error(t, deliveries.Complete(t.Context(), later))

		replays := openStore(t, db, d).Replays()
		execute(t, db, `INSERT INTO didit_replays `+fmt.Sprintf(numbers, 1500)+` SELECT 'old-' || n, 'h', 0, 'x', 0, 0, 0, NULL FROM numbers`)
		for i := range 2 {
			_, err := replays.Reserve(t.Context(), fmt.Sprint(i), "h", time.Minute, time.Minute)
			require.NoError(t, err)
		}
		assert.Equal(t, 2, count(t, db, `SELECT COUNT(*) FROM didit_replays`))
		r, err := replays.Reserve(t.Context(), "2", "h", time.Minute, time.Minute)
		require.NoError(t, err)
		require.ErrorContains(t, replays.Settle(t.Context(), r, time.Minute), "ReplayDone or ReplayRejected")
	})
}

// TestCheckpoint asks of a run's rows what bulk's tests ask of a file.
func TestCheckpoint(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, d sqlstore.Dialect, source string) {
		c := openStore(t, dbtest.Open(t, source), d).Checkpoint("first")
		at := time.Date(2026, 5, 4, 3, 2, 1, 987654321, time.UTC)
		for _, r := range []bulk.Record{
			{ID: "a", SourceSessionID: "s", State: bulk.Begun, At: at},
			{ID: "a", SourceSessionID: "s", SessionID: "c", State: bulk.Done, At: at.Add(time.Nanosecond)},
			{ID: "b\n\"'<é", State: bulk.Done, At: at},
			{ID: "no time", State: bulk.Done},
			{ID: strings.Repeat("é", 512), State: bulk.Begun, At: at},
		} {
			require.NoError(t, c.Record(t.Context(), r))
			// Another process finds it.
			again := openStore(t, dbtest.Open(t, source), d)
			got, found, err := again.Checkpoint("first").Lookup(t.Context(), r.ID)
			require.NoError(t, err)
			assert.True(t, found)
			assert.Equal(t, r, got)
			_, found, err = again.Checkpoint("second").Lookup(t.Context(), r.ID)
			require.NoError(t, err)
			assert.False(t, found, "of another run")
		}
		_, found, err := c.Lookup(t.Context(), "A")
		require.NoError(t, err)
		assert.False(t, found)
		for _, r := range []bulk.Record{
			{State: bulk.Done}, {ID: "x"}, {ID: "x", State: "half"}, {ID: "\xff", State: bulk.Done}, {ID: "\x00", State: bulk.Done},
			{ID: strings.Repeat("x", 1025), State: bulk.Done}, {ID: "x", State: bulk.Done, At: at.AddDate(9000, 0, 0)},
		} {
			require.Error(t, c.Record(t.Context(), r))
		}
		for _, run := range []string{"\xff", "\x00"} {
			err := openStore(t, dbtest.Open(t, source), d).Checkpoint(run).Record(t.Context(), bulk.Record{ID: "x", State: bulk.Done})
			require.ErrorContains(t, err, "UTF-8 without NUL")
		}
		_, found, err = c.Lookup(t.Context(), "x")
		require.NoError(t, err)
		assert.False(t, found, "a refusal writes nothing")
		execute(t, dbtest.Open(t, source), `UPDATE didit_checkpoints SET record = '{"id":"other"}' WHERE id = 'a'`)
		_, _, err = c.Lookup(t.Context(), "a")
		require.ErrorContains(t, err, "damaged")
	})
}
