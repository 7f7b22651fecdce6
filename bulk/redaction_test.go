package bulk_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/bulk"
	"github.com/didit-go/didit/didittest"
)

// TestNothingIsPrinted looks for tokens and vendor data in everything that prints.
func TestNothingIsPrinted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		items := w.imports(3)
		w.server.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultErrorBefore, Times: -1})
		checkpoint := new(memory)
		var secrets []string
		for i := range items {
			items[i].Params.VendorData = "planted-" + items[i].Params.VendorData
			secrets = append(secrets, items[i].Params.Token.Reveal(), items[i].Params.VendorData)
		}
		twice := items[0]
		var out bytes.Buffer
		text, lines := slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))
		show := func(v any) {
			fmt.Fprintf(&out, "%v %+v %#v %s\n", v, v, v, v)
			text.Info("shown", "v", v)
			lines.Info("shown", "v", v)
			data, err := json.Marshal(v)
			fmt.Fprintf(&out, "%s %v\n", data, err)
		}
		run := bulk.Import(t.Context(), w.client(w.b), bulk.Items(append(items, twice)...), bulk.Options{Checkpoint: checkpoint})
		for _, r := range collect(t, run) {
			require.Error(t, r.Err)
			show(r)
			show(*r)
			show(r.Item)
			show(r.Err)
		}
		shares := bulk.Share(t.Context(), w.client(w.a), bulk.Items(w.shares(1)...), bulk.Options{})
		for _, r := range collect(t, shares) {
			require.NoError(t, r.Err)
			secrets = append(secrets, r.Value.Token.Reveal())
			show(r)
			show(*r)
		}
		for _, r := range checkpoint.log {
			show(r)
		}
		require.NotEmpty(t, checkpoint.log)
		for _, secret := range secrets {
			require.Greater(t, len(secret), 8)
			assert.NotContains(t, out.String(), secret)
		}
	})
}
