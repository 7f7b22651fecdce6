package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

var update = flag.Bool("update", false, "write the golden files")

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if dir := built.dir; dir != "" {
			_ = os.RemoveAll(dir)
		}
		os.Exit(code)
	}))
}

// built is the program, built once for all tests that run it.
var built struct {
	once sync.Once
	dir  string
	err  error
}

func binary(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "didit-cli-"); built.err != nil { //nolint:usetesting // it is there for all tests
			return
		}
		var out []byte
		if out, built.err = exec.CommandContext(context.WithoutCancel(t.Context()), "go", "build", "-buildvcs=false", "-o", built.dir, ".").CombinedOutput(); built.err != nil {
			t.Logf("%s", out)
		}
	})
	require.NoError(t, built.err)
	return filepath.Join(built.dir, "didit")
}

// What no output may have, unless it is asked for.
const (
	vendorData = "planted-customer-77"
	firstName  = "Plantedina"
)

// world is two partners, and their keys in files.
type world struct {
	server     *didittest.Server
	a, b       *didittest.Application
	aKey, bKey string
	dir        string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{server: didittest.NewServer(), dir: t.TempDir()}
	t.Cleanup(w.server.Close)
	w.a, w.b = w.server.AddApplication("Partner A"), w.server.AddApplication("Partner B")
	w.aKey, w.bKey = w.write(t, "a.key", w.a.APIKey+"\n"), w.write(t, "b.key", w.b.APIKey)
	return w
}

// session adds a session of A's with the planted data.
func (w *world) session() string {
	return w.a.AddSession(didittest.SessionFixture{VendorData: vendorData, Person: didittest.Person{FirstName: firstName}})
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) write(t *testing.T, name, text string) string {
	t.Helper()
	require.NoError(t, os.WriteFile(w.path(name), []byte(text), 0o600))
	return w.path(name)
}

func (w *world) read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(w.path(name))
	require.NoError(t, err)
	return string(data)
}

// token writes a token of the session to a file.
func (w *world) token(t *testing.T, session string) string {
	t.Helper()
	return w.write(t, "token-"+session, w.a.Share(session, w.b, 0).Reveal())
}

// as adds to args how Didit is called with a key.
func (w *world) as(keyFile string, args ...string) []string {
	return append(args, "--base-url", w.server.URL(), "--key-file", keyFile)
}

// importing are the arguments of B's import.
func (w *world) importing(args ...string) []string {
	return w.as(w.bKey, append([]string{
		"import", "--workflow", w.b.Workflow(didit.KindUser), "--review", "trust_source", "--vendor-data", vendorData,
	}, args...)...)
}

// result is what a run of the program left.
type result struct {
	code      int
	out, errs string
}

// cli runs the program in this process, and looks for what must not be printed.
func cli(t *testing.T, in string, args ...string) result {
	t.Helper()
	r := open(t, in, args...)
	r.isSecret(t)
	return r
}

// open is cli for what may be printed.
func open(t *testing.T, in string, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), args, strings.NewReader(in), &out, &errs, didit.WithRetryWait(0, 0))
	return result{code, out.String(), errs.String()}
}

func (r result) isSecret(t *testing.T) {
	t.Helper()
	for _, secret := range []string{vendorData, firstName, "sk_test_", "eyJ"} {
		assert.NotContains(t, r.out, secret)
		assert.NotContains(t, r.errs, secret)
	}
}

// done asserts that the run did what it should.
func (r result) done(t *testing.T) result {
	t.Helper()
	require.Equal(t, exitDone, r.code, r.errs)
	return r
}

// fails asserts a run's exit code and words of its error.
func (r result) fails(t *testing.T, code int, words ...string) {
	t.Helper()
	assert.Equal(t, code, r.code, r.errs)
	for _, word := range words {
		assert.Contains(t, r.errs, word)
	}
	assert.Empty(t, r.out)
}

// alike replaces what differs from run to run: ids by the order in which they come, in
// their length.
func alike(text string) string {
	ids := map[string]string{}
	text = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`).ReplaceAllStringFunc(text, func(id string) string {
		if ids[id] == "" {
			ids[id] = fmt.Sprintf("id-%d-%s", len(ids)+1, strings.Repeat("x", 36-5))
		}
		return ids[id]
	})
	text = regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z`).ReplaceAllString(text, "TIME")
	text = regexp.MustCompile(`\b[0-9a-f]{16}\b`).ReplaceAllString(text, "FINGERPRINT")
	return regexp.MustCompile(`/\S+/(\w+\.)`).ReplaceAllString(text, "DIR/$1")
}

// golden compares a text with a file of testdata.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), text, "go test -update accepts it")
}
