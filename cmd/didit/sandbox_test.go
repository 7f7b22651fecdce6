package main

import (
	"bufio"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestSandboxTable: people see where it is, and what is in it.
func TestSandboxTable(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, w := io.Pipe()
	code := make(chan int)
	go func() {
		n := run(ctx, []string{"sandbox"}, strings.NewReader(""), w, io.Discard)
		_ = w.Close()
		code <- n
	}()
	var text strings.Builder
	for in := bufio.NewScanner(r); in.Scan(); {
		text.WriteString(in.Text() + "\n")
		if strings.Count(text.String(), "business  Expired") == 1 {
			cancel()
		}
	}
	assert.Equal(t, exitDone, <-code)
	for _, words := range []string{"base url", "page", "Partner A", "Partner B", "key sk_test_didittest_", "sessions"} {
		assert.Contains(t, text.String(), words)
	}
}
