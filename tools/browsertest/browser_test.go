// Package browsertest drives the sandbox's page in Chromium.
package browsertest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
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

// story shares a session, imports it while the answer gets lost, and sees it recovered.
func (b *browser) story() {
	b.t.Helper()
	b.press("#sessions", "Share with Partner B")
	b.until("#tokens", "open")
	b.until("#tokens summary", "Token")
	b.press("section", "Lose the answer to the next import")
	b.until("#faults", "answer-lost")
	b.press("#tokens", "Import into Partner B")
	b.until("#said", "the client found the copy")
	b.until("#tokens", "redeemed")
	b.until("#requests", "answer-lost")
}

// TestStory is what somebody does who has not read the docs: share a session, see the token, lose an answer on purpose, import,
// and see how the client recovers it.
func TestStory(t *testing.T) {
	for _, width := range []int64{360, 1280} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			b := open(t, width, false)
			b.a.AddSession(didittest.SessionFixture{Person: didittest.Person{FirstName: "<img src=x onerror=alert(1)>", LastName: "<b>Bold</b>"}})
			b.until("#sessions h3", "<img src=x onerror=alert(1)>") // a name that is HTML stays a name
			b.shoot(fmt.Sprintf("start-%d", width))
			b.story()
			if got := len(b.b.Sessions()); got != 1 {
				t.Errorf("Partner B has %d sessions", got)
			}
			b.press(".clock", "+1 day")
			b.until("#said", "1 day")
			b.until("#clock", b.server.Now().Format(time.DateOnly))
			if b.eval(`document.querySelectorAll('#sessions img, #sessions b').length`) != "0" {
				t.Error("a name became HTML")
			}
			if b.eval(`document.documentElement.scrollWidth <= innerWidth`) != "true" {
				t.Errorf("it is %s px wide", b.eval(`document.documentElement.scrollWidth`))
			}
			b.run(chromedp.Evaluate(`document.querySelector('#requests details').open = true`, nil))
			b.shoot(fmt.Sprintf("story-%d", width))
			b.accessible()
			b.settled()
		})
	}
}

// TestKeyboard walks over the page with Tab alone and presses a button with Enter.
func TestKeyboard(t *testing.T) {
	b := open(t, 1280, true)
	for range 200 {
		b.run(chromedp.KeyEvent(kb.Tab))
		if strings.Contains(b.eval(`document.activeElement.textContent`), "Share with Partner B") {
			break
		}
	}
	if b.eval(`getComputedStyle(document.activeElement).outlineStyle`) == `"none"` {
		t.Error("the focus does not show")
	}
	b.run(chromedp.KeyEvent(kb.Enter))
	b.until("#tokens", "open")
	if !strings.Contains(b.eval(`document.activeElement.textContent`), "Share with Partner B") {
		t.Error("the focus was lost")
	}
	b.shoot("dark-1280")
	b.accessible()
	b.settled()
}

// TestForms: what the page's forms send is what the server gets, and what it refuses is said.
func TestForms(t *testing.T) {
	b := open(t, 360, true)
	fill := func(selector, value string) {
		b.run(chromedp.Evaluate(fmt.Sprintf(`document.querySelector(%q).value = %q`, selector, value), nil))
	}
	b.run(chromedp.Evaluate(`document.querySelector('.form').open = true`, nil))
	fill("#add [name=patch]", "{")
	b.press("#add", "Add session")
	b.until("#said", "The patch is not JSON.")
	fill("#add [name=patch]", `{"status":"Declined"}`)
	b.press("#add", "Add session")
	b.until("#said", "a patch cannot change status")
	fill("#add [name=patch]", `{"callback":"https://x.example"}`)
	fill("#add [name=vendor_data]", "by hand")
	b.press("#add", "Add session")
	b.until("#sessions", "by hand")
	fill("#fault [name=operation]", "ListSessions")
	fill("#fault [name=kind]", "error-before")
	fill("#fault [name=skip]", "2")
	fill("#fault [name=status]", "404")
	b.press("#fault", "Set fault")
	b.until("#said", "does not answer 404")
	fill("#fault [name=status]", "502")
	b.press("#fault", "Set fault")
	b.until("#faults", "after 2")
	b.press("section", "End all faults")
	b.until("#said", "1 ended")
	fill("#applications li:nth-child(2) [name=url]", "http://127.0.0.1:1/nobody")
	b.press("#applications li:nth-child(2)", "Set")
	b.until("#said", "Partner B go to")
	b.b.AddSession(didittest.SessionFixture{Status: didit.StatusInReview, VendorData: "of B"})
	b.until("#sessions", "of B")
	b.press("#sessions li:first-child", "Approve")
	b.until("#deliveries", "failed")
	b.shoot("forms-360")
	b.accessible()
}

// TestReconnect: what happened while the stream was down is there afterwards.
func TestReconnect(t *testing.T) {
	b := open(t, 1280, false)
	b.control.CloseClientConnections()
	id := b.a.AddSession(didittest.SessionFixture{VendorData: "while-away"})
	req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, b.server.URL()+"/v3/session/"+id+"/decision/", nil)
	req.Header.Set("X-Api-Key", b.a.APIKey)
	resp, err := b.server.HTTPClient().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	b.until("#sessions", "while-away")
	b.until("#requests", id)
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
