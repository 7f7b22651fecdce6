package dbtest

import (
	"bufio"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed cluster.sh
var script string

// alive is what the script reads. It ends when this process does, however that comes, and
// the server with it.
var alive io.WriteCloser //nolint:unused // held open

// start starts PostgreSQL and returns its URL.
func start() (string, error) {
	shell := []string{"sh", "-c", script}
	initdb, err := binary("initdb")
	if err == nil {
		shell, err = unprivileged(shell)
	}
	if err != nil {
		return "", err
	}
	password := rand.Text()
	cmd := exec.Command(shell[0], shell[1:]...) //nolint:gosec,noctx // the script is this package's; it outlives the test
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(initdb)+string(os.PathListSeparator)+os.Getenv("PATH"), "PGPASSWORD="+password)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if alive, err = cmd.StdinPipe(); err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	var said strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if port, ready := strings.CutPrefix(lines.Text(), "ready "); ready {
			u := url.URL{
				Scheme: "postgres", User: url.UserPassword("postgres", password), Host: "127.0.0.1:" + port,
				Path: "/postgres", RawQuery: "sslmode=disable",
			}
			return u.String(), nil
		}
		said.WriteString("\n" + lines.Text())
	}
	return "", fmt.Errorf("PostgreSQL did not start: %w%s", cmd.Wait(), said.String())
}

// binary finds one of PostgreSQL's programs. Debian keeps them out of the PATH.
func binary(name string) (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name) // the pattern is right
	if len(found) > 0 {
		return slices.Max(found), nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("PostgreSQL's %s was not found; install PostgreSQL, or set TEST_DATABASE_URL", name)
	}
	return filepath.EvalSymlinks(path)
}

// unprivileged has a command run as somebody else where this is root, as whom PostgreSQL
// refuses to run.
func unprivileged(command []string) ([]string, error) {
	if os.Geteuid() != 0 {
		return command, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		if _, err := user.Lookup(name); err == nil {
			return append([]string{"runuser", "-u", name, "--"}, command...), nil
		}
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody")
}
