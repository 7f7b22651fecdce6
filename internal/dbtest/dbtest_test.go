package dbtest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/didit-go/didit/internal/dbtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sources are the databases that everything is tested on.
var sources = map[string]func(testing.TB) string{"SQLite": dbtest.SQLite, "PostgreSQL": dbtest.PostgreSQL}

func TestDatabases(t *testing.T) {
	t.Parallel()
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, other := dbtest.Open(t, source(t)), dbtest.Open(t, source(t))
			_, err := first.ExecContext(t.Context(), `CREATE TABLE mine (n BIGINT)`)
			require.NoError(t, err)
			_, err = other.ExecContext(t.Context(), `SELECT n FROM mine`)
			assert.Error(t, err, "each database is a new one")
		})
	}
}
