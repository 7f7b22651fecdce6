package browsertest

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// leak are the shapes of what must be on no page: keys, secrets, tokens.
var leak = regexp.MustCompile(`sk_test_|whsec_|eyJ[A-Za-z0-9_-]{8}`)

// partners starts both companies of the example and returns the addresses of their pages.
func partners(t *testing.T) map[string]string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "partners")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./examples/partners")
	build.Dir = filepath.Join("..", "..") // its module, not this one
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), program, "-serve")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() })
	pages := map[string]string{}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		for _, who := range []string{"the bank", "the fintech"} {
			if rest, ok := strings.CutPrefix(lines.Text(), who+" "); ok {
				pages[who] = strings.TrimSpace(rest)
			}
		}
		if strings.Contains(lines.Text(), "for a sender of your own") {
			go func() { // nobody reads the rest
				for lines.Scan() {
				}
			}()
			break
		}
	}
	if len(pages) != 2 {
		t.Fatalf("pages: %v", pages)
	}
	return pages
}

// TestPartners: the compliance officers' pages at both widths, and their CSV.
func TestPartners(t *testing.T) {
	chromium(t)
	for who, url := range partners(t) {
		for _, width := range []int64{360, 1280} {
			t.Run(fmt.Sprint(who, " ", width), func(t *testing.T) {
				b := &browser{t: t, url: url}
				b.start(width, width == 360, `table tbody tr`)
				b.until("table", "customer-1")
				b.until("table", "customer-2")
				if b.eval(`document.documentElement.scrollWidth <= innerWidth`) != "true" {
					t.Errorf("it is %s px wide", b.eval(`document.documentElement.scrollWidth`))
				}
				if found := leak.FindString(b.eval(`document.documentElement.outerHTML`)); found != "" {
					t.Errorf("the page shows %s...", found[:4])
				}
				if b.eval(`document.querySelectorAll('select[name=outcome] option').length > 1`) != "true" {
					t.Error("there is nothing to filter by")
				}
				b.shoot(strings.ReplaceAll(who, " ", "-") + fmt.Sprintf("-%d", width))
				b.accessible()
				b.settled()
			})
		}
		t.Run(who+" CSV", func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/ledger.csv", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			rows, err := csv.NewReader(resp.Body).ReadAll()
			if err != nil || len(rows) < 3 || resp.StatusCode != http.StatusOK {
				t.Fatalf("status %d, %d rows: %v", resp.StatusCode, len(rows), err)
			}
			if leak.MatchString(fmt.Sprint(rows)) {
				t.Error("the CSV holds a key, a secret or a token")
			}
		})
	}
}
