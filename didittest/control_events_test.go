package didittest_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit/didittest"
)

// event is one server-sent event.
type event struct{ name, id, data string }

// listen reads the stream of events.
func (d *desk) listen(lastID string) (next func() event, end func()) {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), http.MethodGet, d.control.URL+"/events", nil)
	require.NoError(d.t, err)
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	resp, err := d.control.Client().Do(req)
	require.NoError(d.t, err)
	assert.Equal(d.t, "text/event-stream", resp.Header.Get("Content-Type"))
	in := bufio.NewScanner(resp.Body)
	in.Buffer(nil, 1<<20)
	return func() event {
		var e event
		for in.Scan() {
			name, value, _ := strings.Cut(in.Text(), ": ")
			switch name {
			case "event":
				e.name = value
			case "id":
				e.id = value
			case "data":
				e.data = value
			case "":
				if e.name != "" {
					return e
				}
			}
		}
		return e
	}, func() { resp.Body.Close() }
}

// What happens is seen as it happens, and after a break what was missed.
func TestControlEvents(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	next, end := d.listen("")
	first := next()
	assert.Equal(t, "state", first.name)
	until := func(next func() event, name, with string) event {
		for {
			e := next()
			require.NotEmpty(t, e.name, "the stream ended")
			if e.name == name && strings.Contains(e.data, with) {
				return e
			}
		}
	}
	id := d.a.AddSession(didittest.SessionFixture{})
	d.get("/v3/session/" + id + "/decision/")
	until(next, "request", `"status":200`) // answered: nothing of it changes any more
	seen := until(next, "seen", "")
	d.tell("POST", "/sessions/"+id+"/status", `{"status":"Declined"}`)
	until(next, "state", `"Declined"`)
	before := d.server.Now().UTC().Format(time.DateOnly)
	d.tell("POST", "/clock", `{"advance":"48h"}`)
	for strings.Contains(until(next, "state", "").data, `"clock":"`+before) { // a clock that moved is news
	}
	end()

	d.get("/v3/sessions/?limit=7")
	next, end = d.listen(seen.id)
	until(next, "state", id)
	assert.Contains(t, until(next, "request", "").data, "limit=7", "only what was missed")
	end()
	next, end = d.listen("other-99")
	assert.Contains(t, until(next, "request", "").data, "/decision/", "another run: all of it")
	d.server.Close()
	for e := next(); e.name != ""; e = next() {
	}
	end()
}

// Who asks for events and reads none keeps nothing open.
func TestControlEventsUnread(t *testing.T) {
	t.Parallel()
	d := newDesk(t, didittest.WithReadTimeout(50*time.Millisecond))
	for range 100 { // more than a connection buffers
		d.a.AddSession(didittest.SessionFixture{VendorData: strings.Repeat("x", 200_000)})
	}
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", d.control.Listener.Addr().String())
	require.NoError(t, err)
	defer func() { assert.NoError(t, conn.Close()) }()
	_, err = io.WriteString(conn, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
	require.NoError(t, err)
	_, err = conn.Read(make([]byte, 1)) // it has begun
	require.NoError(t, err)
	d.control.Close() // waits for what is under way
}
