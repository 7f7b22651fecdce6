package handoff_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/handoff"
)

// TestAuditFailsClosed: nobody gets a result that was not recorded.
func TestAuditFailsClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("the ledger is down")
		broken := 3
		hook := handoff.WithAuditHook(func(ctx context.Context, _ handoff.AuditEvent) error {
			_, bounded := ctx.Deadline()
			assert.True(t, bounded)
			if broken--; broken >= 0 {
				return down
			}
			return nil
		})
		calls := 0
		p := newPushing(t, func(ctx context.Context, e handoff.Envelope) (*handoff.Receipt, error) {
			calls++
			return imported(ctx, e)
		}, hook)
		_, err := p.sender.Send(t.Context(), envelope("job-1"))
		require.NoError(t, err)
		assert.Equal(t, 1, calls)
		assert.Len(t, p.sent, 4, "three answers were withheld")

		broken = 1
		sender, err := handoff.NewSender(where, secret(t, secretText), hook, handoff.WithHTTPClient(p.client()))
		require.NoError(t, err)
		broken = 1
		p.handler, err = handoff.NewReceiver(fintech, partners(t), imported)
		require.NoError(t, err)
		e := envelope("job-2")
		receipt, err := sender.Send(t.Context(), e)
		assert.Nil(t, receipt)
		require.ErrorIs(t, err, down)
		unrecorded := new(handoff.UnrecordedError)
		require.ErrorAs(t, err, &unrecorded)
		assert.NotContains(t, unrecorded.Error(), "ledger")
		receipt, err = sender.Send(t.Context(), e)
		require.NoError(t, err)
		assert.Equal(t, source, receipt.SessionID)
	})
}
