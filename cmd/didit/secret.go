package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/didit-go/didit"
)

// newFile makes a file that only its owner may read. One that is there is not touched.
func newFile(flag, path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // the caller's own path
	if errors.Is(err, os.ErrExist) {
		return nil, usageError(fmt.Sprintf("%s: %s is there already, and is not overwritten", flag, path))
	}
	if err != nil {
		return nil, usageError(fmt.Sprintf("%s: %v", flag, err))
	}
	return file, nil
}

// maxInput is what a token or a webhook's body may take.
const maxInput = 16 << 20

// read reads a file, or standard input where the path is empty or "-".
func (t *tool) read(ctx context.Context, flag, path string) ([]byte, error) {
	in, end, err := t.open(ctx, flag, path)
	if err != nil {
		return nil, err
	}
	defer end()
	data, err := io.ReadAll(io.LimitReader(in, maxInput+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("nothing was sent: %w", err)
	case len(data) > maxInput:
		return nil, usageError(flag + ": has more than 16 MiB")
	}
	return data, nil
}

// open opens a file, or standard input where the path is empty or "-". Reading either
// ends with the context: a file may be a pipe, too.
func (t *tool) open(ctx context.Context, flag, path string) (in io.Reader, end func(), err error) {
	from := io.NopCloser(t.in)
	if path != "" && path != "-" {
		if from, err = os.Open(path); err != nil { //nolint:gosec // the caller's own path
			return nil, nil, usageError(fmt.Sprintf("%s: %v", flag, err))
		}
	} else if onTerminal(t.in) {
		return nil, nil, usageError("standard input is a terminal: redirect it, or give a file with " + flag)
	}
	r, w := io.Pipe()
	go func() {
		_, err := io.Copy(w, from)
		_ = w.CloseWithError(err)
		_ = from.Close()
	}()
	stop := context.AfterFunc(ctx, func() { _ = w.CloseWithError(ctx.Err()) })
	return r, func() { stop(); _ = r.Close() }, nil
}

// readToken reads a share token.
func (t *tool) readToken(ctx context.Context, path string) (didit.ShareToken, error) {
	data, err := t.read(ctx, "--token-file", path)
	if err != nil {
		return didit.ShareToken{}, err
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return didit.ShareToken{}, usageError("there is no token: standard input, or the file of --token-file, is empty")
	}
	return didit.NewShareToken(string(data)), nil
}

// readSecret reads a secret from a file, or from the environment where there is none.
func readSecret(flag, path, variable string) (string, error) {
	if path == "" {
		secret := os.Getenv(variable)
		if secret == "" {
			return "", usageError(variable + " is not set, and there is no " + flag)
		}
		return secret, nil
	}
	data, err := os.ReadFile(path) //nolint:gosec // the caller's own path
	if err != nil {
		return "", usageError(fmt.Sprintf("%s: %v", flag, err))
	}
	return strings.TrimSpace(string(data)), nil
}

// onTerminal reports whether a stream is a person's.
func onTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
