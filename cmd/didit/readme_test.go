package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestReadme: every command of the README is one, with flags that it has.
func TestReadme(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("README.md")
	require.NoError(t, err)
	text := strings.ReplaceAll(string(data), "\\\n", " ")
	commands := regexp.MustCompile(`(?m)^    didit ([^#<>\n]+)`).FindAllStringSubmatch(text, -1)
	require.Len(t, commands, 18)
	for _, c := range commands {
		args := strings.Fields(c[1])
		r := cli(t, "", append(args, "--help")...).done(t)
		assert.Contains(t, r.out, "Usage:\n  didit "+args[0], c[1])
	}
}
