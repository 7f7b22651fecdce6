//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/didittest/sandbox"
)

// process is the program, running.
type process struct {
	cmd       *exec.Cmd
	out, errs bytes.Buffer
}

// start starts the program with nothing in its environment but env.
func start(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.CommandContext(t.Context(), binary(t), args...)}
	p.cmd.Env = append([]string{"GOCOVERDIR=" + os.Getenv("GOCOVERDIR")}, env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.errs
	return p
}

func (p *process) begin(t *testing.T) *process {
	t.Helper()
	require.NoError(t, p.cmd.Start())
	return p
}

// end sends a signal, unless it is 0, and waits for the end.
func (p *process) end(t *testing.T, signal syscall.Signal) result {
	t.Helper()
	if signal != 0 {
		require.NoError(t, p.cmd.Process.Signal(signal))
	}
	_ = p.cmd.Wait() // the code says it
	return result{p.cmd.ProcessState.ExitCode(), p.out.String(), p.errs.String()}
}

// until waits for what another process does.
func until(done func() bool) {
	for !done() {
		time.Sleep(time.Millisecond)
	}
}

// TestEnvironment: keys and secrets come from the environment.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	env := []string{"DIDIT_API_KEY=" + w.a.APIKey, "DIDIT_APPLICATION_ID=" + w.a.ID, "DIDIT_WEBHOOK_SECRET=" + w.a.WebhookSecret, "DIDIT_DATABASE_URL=sqlite:" + w.write(t, "empty.db", "")}
	session := w.session()
	with := func(env []string, in string, args ...string) result {
		p := start(t, env, args...)
		p.cmd.Stdin = strings.NewReader(in)
		r := p.begin(t).end(t, 0)
		r.isSecret(t)
		return r
	}
	r := with(env, "", "list", "--base-url", w.server.URL()).done(t)
	assert.Contains(t, r.out, session)
	with(env, "", "share", session, "--for", w.a.ID, "--reveal").fails(t, exitUsage, "--for must not be your own application")
	with(env, "{}", "webhook", "sign").done(t)
	with(env, "", "audit", "verify").fails(t, exitRefused, "is it the right database?")
	for _, command := range []string{"audit verify", "jobs status"} {
		r := with([]string{databaseVariable + "=postgres://didit:planted@hunter2%zz@127.0.0.1/x"}, "", strings.Fields(command)...)
		r.fails(t, exitUsage, "cannot be read as a URL")
		assert.NotContains(t, r.errs, "hunter2")
	}
	with(nil, "", "list").fails(t, exitUsage, "the API key is required: set DIDIT_API_KEY, or give --key-file\n")
	with(nil, "{}", "webhook", "sign").fails(t, exitUsage, "DIDIT_WEBHOOK_SECRET is not set, and there is no --secret-file")
	with(nil, "", "audit", "verify").fails(t, exitUsage, "there is no --database, and DIDIT_DATABASE_URL is not set")
}

// TestInterrupted: Ctrl-C ends a call and says whether anything may have happened.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slow := w.server.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultSlow})
	p := start(t, nil, w.importing("--token-file", w.token(t, w.session()))...).begin(t)
	until(func() bool { return slow.Fired() > 0 })
	p.end(t, syscall.SIGINT).fails(t, exitAgain, "interrupted: ", "outcome unknown, it may have taken effect", "--resume")

	// While it waits for the token nothing was sent, also where that comes from a file that
	// is a pipe.
	for _, path := range []string{"-", "/dev/stdin"} {
		p = start(t, nil, w.importing("-v", "--token-file", path)...)
		in, err := p.cmd.StdinPipe()
		require.NoError(t, err)
		p.begin(t)
		_, err = in.Write(bytes.Repeat([]byte("x"), 1<<17)) // more than a pipe holds: it reads
		require.NoError(t, err)
		p.end(t, syscall.SIGTERM).fails(t, exitAgain, "interrupted: nothing was sent")
	}
}

// TestKilled: a run that was killed goes on, and nobody is imported twice.
func TestKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 30
	list := w.write(t, "list.csv", w.many(n))
	cli(t, "", w.as(w.aKey, "bulk", "share", "--in", list, "--for", w.b.ID, "--results", w.path("tokens.csv"))...).done(t)
	imports := w.as(w.bKey, "bulk", "import", "--in", w.path("tokens.csv"), "--workflow", w.b.Workflow(didit.KindUser), "--review", "trust_source",
		"--id-as-vendor-data", "--results", w.path("copies.csv"), "--resume", w.path("imported"), "--workers", "4")

	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
		slow := w.server.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultSlow, Skip: 5, Times: -1})
		p := start(t, nil, imports...).begin(t)
		until(func() bool { return slow.Fired() >= 4 })
		r := p.end(t, signal)
		slow.Stop()
		r.isSecret(t)
		if signal == syscall.SIGINT {
			assert.Equal(t, exitAgain, r.code)
			assert.Contains(t, r.errs, "interrupted: not all is done")
			assert.Contains(t, r.errs, "run the same command again to go on")
		}
	}
	r := start(t, nil, imports...).begin(t).end(t, 0).done(t)
	assert.Empty(t, r.errs, "there is no terminal for a progress bar")
	assert.Len(t, w.b.Sessions(), n)
	imported := map[string]bool{}
	for _, row := range readCSV(t, w.read(t, "copies.csv")) {
		if row["error"] == "" {
			imported[row["shared_from_session"]] = true
		}
	}
	assert.Len(t, imported, n)
}

// TestSandbox: the tool works against its own sandbox.
func TestSandbox(t *testing.T) {
	t.Parallel()
	p := start(t, nil, "sandbox", "-o", "json")
	p.cmd.Stdout = nil
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	p.begin(t)
	var out sandbox.Output
	require.NoError(t, json.NewDecoder(stdout).Decode(&out))
	a, b := out.Applications[0], out.Applications[1]
	w := &world{dir: t.TempDir()}
	token := open(t, "", "share", out.Sessions[0].ID, "--for", b.ID, "--reveal", "-o", "json", "--base-url", out.BaseURL, "--key-file", w.write(t, "a", a.APIKey)).done(t)
	var shared struct {
		Token string `json:"share_token"`
	}
	require.NoError(t, json.Unmarshal([]byte(token.out), &shared))
	cli(t, shared.Token, "import", "--workflow", b.Workflows.User, "--review", "trust_source", "--base-url", out.BaseURL, "--key-file", w.write(t, "b", b.APIKey)).done(t)
	r := p.end(t, syscall.SIGTERM).done(t)
	assert.Contains(t, r.errs, "ImportSharedSession")
}
