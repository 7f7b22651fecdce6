package browsertest

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// story shares a session, imports it while the answer gets lost, and sees it recovered.
func (b *browser) story() {
	b.t.Helper()
	b.press("#sessions", "Share with Partner B")
	b.until("#tokens", "open")
	b.until("#said a", "Share tokens")
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

// TestKeyboard tells the story with Tab and Enter alone.
func TestKeyboard(t *testing.T) {
	b := open(t, 1280, true)
	b.tab("Share with Partner B")
	if b.eval(`getComputedStyle(document.activeElement).outlineStyle`) == `"none"` {
		t.Error("the focus does not show")
	}
	b.run(chromedp.KeyEvent(kb.Enter))
	b.until("#tokens", "open")
	if !strings.Contains(b.eval(`document.activeElement.textContent`), "Share with Partner B") {
		t.Error("the focus was lost")
	}
	b.tab("Lose the answer to the next import")
	b.run(chromedp.KeyEvent(kb.Enter))
	b.until("#faults", "answer-lost")
	b.tab("Import into Partner B") // around the page, from its end to its beginning
	b.run(chromedp.KeyEvent(kb.Enter))
	b.until("#said", "the client found the copy")
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

// TestRestart: a page that is left open shows the sandbox that was started anew, and nothing of the old one.
func TestRestart(t *testing.T) {
	b := open(t, 1280, false)
	b.story()
	b.server.Close()
	address := b.control.Listener.Addr().String()
	b.control.CloseClientConnections()
	b.control.Close()
	b.until("#link", "not connected")
	b.press(".clock", "+1 min")
	b.until("#said", "does not answer")

	server := didittest.NewServer()
	t.Cleanup(server.Close)
	server.AddApplication("Partner C").AddSession(didittest.SessionFixture{VendorData: "of the new one"})
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	control := httptest.NewUnstartedServer(server.Control())
	_ = control.Listener.Close()
	control.Listener = listener
	control.Start()
	t.Cleanup(control.Close)
	b.until("#sessions", "of the new one")
	b.until("#link", "live")
	b.until("#no-requests", "Nothing has arrived yet.")
	if old := b.eval(`document.body.textContent.includes('Partner A') || document.querySelectorAll('#tokens li, #requests li').length > 0`); old != "false" {
		t.Error("something of the old one is left")
	}
}
