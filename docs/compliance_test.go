package docs_test

import (
	"os"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
)

// TestRecordedTable: the table of what is recorded when data is shared names all of it.
func TestRecordedTable(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("compliance.md")
	require.NoError(t, err)
	for field := range reflect.TypeFor[didit.AuditEvent]().Fields() {
		assert.Contains(t, string(doc), "`"+field.Name+"`")
	}
}
