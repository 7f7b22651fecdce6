// Package browsertest drives the sandbox's page in Chromium.
package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// browser is a page that was opened, with everything that it asked for and complained of.
type browser struct {
	t       *testing.T
	ctx     context.Context
	server  *didittest.Server
	a, b    *didittest.Application
	url     string
	control *httptest.Server

	mu       sync.Mutex
	asked    []string
	problems []string
}

func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("there is no Chromium here")
	return ""
}

func open(t *testing.T, width int64, dark bool) *browser {
	t.Helper()
	server := didittest.NewServer()
	t.Cleanup(server.Close)
	control := httptest.NewServer(server.Control())
	t.Cleanup(control.Close)
	b := &browser{t: t, server: server, a: server.AddApplication("Partner A"), b: server.AddApplication("Partner B"), url: control.URL, control: control}
	for _, kind := range []didit.SessionKind{didit.KindUser, didit.KindBusiness} {
		for _, status := range []didit.SessionStatus{didit.StatusApproved, didit.StatusInReview, didit.StatusExpired} {
			b.a.AddSession(didittest.SessionFixture{Kind: kind, Status: status})
		}
	}
	b.start(width, dark, `#sessions li`)
	return b
}

// start opens the page and waits until it shows what the selector finds.
func (b *browser) start(width int64, dark bool, selector string) {
	b.t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(b.t)), chromedp.NoSandbox, chromedp.DisableGPU)
	ctx, end := chromedp.NewExecAllocator(b.t.Context(), options...)
	b.t.Cleanup(end)
	ctx, end = chromedp.NewContext(ctx)
	b.t.Cleanup(end)
	ctx, end = context.WithTimeout(ctx, 2*time.Minute)
	b.t.Cleanup(end)
	b.ctx = ctx
	chromedp.ListenTarget(ctx, b.listen)
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	b.run(network.Enable(), runtime.Enable(), log.Enable(),
		emulation.SetDeviceMetricsOverride(width, 900, 1, width < 600),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
		chromedp.Navigate(b.url), chromedp.WaitVisible(selector))
}

func (b *browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.asked = append(b.asked, e.Request.URL)
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, e.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		b.problems = append(b.problems, fmt.Sprint(e.Type, e.Args))
	case *log.EventEntryAdded:
		b.problems = append(b.problems, e.Entry.Text)
	}
}

func (b *browser) run(actions ...chromedp.Action) {
	b.t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// press clicks the button with a text inside of what the selector finds.
func (b *browser) press(within, text string) {
	b.t.Helper()
	b.run(chromedp.Poll(fmt.Sprintf(`(() => {
		const b = [...document.querySelectorAll(%q + ' button')].find((b) => b.textContent === %q && !b.disabled);
		if (b) b.click();
		return !!b;
	})()`, within, text), nil))
}

// until waits for a text inside of what the selector finds.
func (b *browser) until(selector, text string) {
	b.t.Helper()
	b.run(chromedp.Poll(fmt.Sprintf(`[...document.querySelectorAll(%q)].some((n) => n.textContent.includes(%q))`, selector, text), nil))
}

func (b *browser) eval(script string) string {
	b.t.Helper()
	var out any
	b.run(chromedp.Evaluate(script, &out))
	text, _ := json.Marshal(out)
	return string(text)
}

// shoot keeps a picture where SCREENSHOTS names a directory.
func (b *browser) shoot(name string) {
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	var png []byte
	b.run(chromedp.FullScreenshot(&png, 100))
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// tab walks with Tab alone to what has a text.
func (b *browser) tab(text string) {
	b.t.Helper()
	for range 300 {
		b.run(chromedp.KeyEvent(kb.Tab))
		if strings.Contains(b.eval(`document.activeElement.matches('button, summary') ? document.activeElement.textContent : ''`), text) {
			return
		}
	}
	b.t.Fatalf("Tab does not come to %q", text)
}

// accessible runs axe-core, where AXE names its axe.min.js, and takes nothing serious.
func (b *browser) accessible() {
	b.t.Helper()
	path := os.Getenv("AXE")
	if path == "" {
		return
	}
	axe, err := os.ReadFile(path)
	if err != nil {
		b.t.Fatal(err)
	}
	var found []string
	b.run(chromedp.Evaluate(string(axe)+"; true", nil),
		chromedp.Evaluate(`axe.run().then((r) => r.violations.filter((v) => ['serious', 'critical'].includes(v.impact))
			.map((v) => v.id + ': ' + v.nodes.map((n) => n.html).join(' | ')))`, &found, func(p *runtime.EvaluateParams) *runtime.EvaluateParams {
			return p.WithAwaitPromise(true)
		}))
	for _, violation := range found {
		b.t.Errorf("axe: %s", violation)
	}
}

// settled says that nothing was wrong and nothing was asked for elsewhere.
func (b *browser) settled() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, url := range b.asked {
		if !strings.HasPrefix(url, b.url+"/") {
			b.t.Errorf("asked for %s", url)
		}
	}
	for _, problem := range b.problems {
		b.t.Errorf("the console says: %s", problem)
	}
}
