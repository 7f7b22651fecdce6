package main

import (
	"bufio"
	"context"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// TestReceiver approves a session and sees it shared.
func TestReceiver(t *testing.T) {
	t.Parallel()
	server := didittest.NewServer()
	defer server.Close()
	control := httptest.NewServer(server.Control())
	defer control.Close()
	a := server.AddApplication("Partner A")
	server.AddApplication("Partner B")
	id := a.AddSession(didittest.SessionFixture{Status: didit.StatusInReview})

	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- run(ctx, control.URL, "", "127.0.0.1:0", "", w) }()
	lines := bufio.NewScanner(r)
	require.True(t, lines.Scan())
	assert.Contains(t, lines.Text(), "waiting")
	server.Advance(24 * time.Hour) // by the receiver's own clock its events come from the future
	a.SetStatus(id, didit.StatusApproved)
	require.True(t, lines.Scan())
	assert.Equal(t, "event status.updated: session "+id+" is Approved", lines.Text())
	require.True(t, lines.Scan())
	assert.True(t, strings.HasPrefix(lines.Text(), "shared "+id), lines.Text())
	cancel()
	require.NoError(t, <-done)
}
