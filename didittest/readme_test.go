package didittest_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/didittest"
)

// The quick starts of the README do what they say, where their language is there.
func TestQuickStarts(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```(\\w+)\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	require.Len(t, blocks, 4)
	commands := map[string][]string{"go": {"go", "run"}, "python": {"python3"}, "js": {"node"}, "sh": {"sh", "-eu"}}
	for _, block := range blocks {
		t.Run(block[1], func(t *testing.T) {
			t.Parallel()
			command := commands[block[1]]
			if block[1] == "sh" {
				if _, err := exec.LookPath("curl"); err != nil {
					t.Skip("there is no curl here")
				}
			}
			if _, err := exec.LookPath(command[0]); err != nil {
				t.Skip("there is no " + command[0] + " here")
			}
			server := didittest.NewServer()
			defer server.Close()
			control := httptest.NewServer(server.Control())
			defer control.Close()
			server.AddApplication("Partner A")
			b := server.AddApplication("Partner B")
			file := filepath.Join(t.TempDir(), "quickstart."+block[1])
			code := strings.ReplaceAll(block[2], "http://127.0.0.1:8124", control.URL)
			require.NoError(t, os.WriteFile(file, []byte(code), 0o600))
			out, err := exec.CommandContext(t.Context(), command[0], append(command[1:], file)...).CombinedOutput()
			require.NoError(t, err, "%s", out)
			assert.Equal(t, "Approved\n", string(out))
			if block[1] != "go" { // it has a server of its own
				assert.Len(t, b.Sessions(), 1)
			}
		})
	}
}
