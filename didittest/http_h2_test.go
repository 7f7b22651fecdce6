package didittest_test

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

func newTLSWorld(t *testing.T) *world {
	t.Helper()
	server := didittest.NewTLSServer()
	t.Cleanup(server.Close)
	return &world{t, server, server.AddApplication("Partner A"), server.AddApplication("Partner B"), server.HTTPClient()}
}

// The TLS server speaks what the client offers.
func TestProtocols(t *testing.T) {
	t.Parallel()
	w := newTLSWorld(t)
	path := "/v3/session/" + w.a.AddSession(didittest.SessionFixture{}) + "/decision/"
	trusting, ok := w.client.Transport.(*http.Transport)
	require.True(t, ok)
	older := trusting.Clone()
	older.TLSClientConfig.NextProtos = nil
	older.Protocols = new(http.Protocols)
	older.Protocols.SetHTTP1(true)
	defer older.CloseIdleConnections()
	for want, client := range map[int]*http.Client{2: w.client, 1: {Transport: older}} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL()+path, nil)
		require.NoError(t, err)
		req.Header.Set("X-Api-Key", w.a.APIKey)
		resp, err := client.Do(req)
		require.NoError(t, err)
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, want, resp.ProtoMajor)
		assert.Contains(t, string(text), "id_verifications")
	}
	for _, r := range w.server.Requests() {
		assert.NotContains(t, r.Header, "X-Didittest-Stream", "what the stand-in needs for itself")
	}

	f := w.server.Inject(didittest.Fault{Operation: didittest.OpAny, Kind: didittest.FaultStreamReset})
	w.client = &http.Client{Transport: older}
	assert.Equal(t, 200, w.get(path).status)
	assert.Zero(t, f.Fired(), "there are no streams on HTTP/1")
}

// What net/http's own client makes of each fault, and what was applied.
func TestHTTP2Faults(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind    didittest.FaultKind
		code    didittest.ErrorCode
		applied bool
	}{
		{didittest.FaultStreamReset, "", false},
		{didittest.FaultStreamReset, didittest.ErrorCodeRefusedStream, false},
		{didittest.FaultStreamResetAfter, didittest.ErrorCodeProtocol, true},
		{didittest.FaultStreamResetAfter, didittest.ErrorCodeRefusedStream, true},
		{didittest.FaultGoAway, "", false},
		{didittest.FaultGoAwayAfter, "", true},
	} {
		for _, replayable := range []bool{false, true} {
			t.Run(fmt.Sprint(test.kind, test.code, replayable), func(t *testing.T) {
				t.Parallel()
				w := newTLSWorld(t)
				token := w.share(w.a.AddSession(didittest.SessionFixture{}))
				w.server.ResetRequests()
				f := w.server.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: test.kind, ErrorCode: test.code})
				body := `{"share_token":"` + token + `","workflow_id":"` + w.b.Workflow(didit.KindUser) + `"}`
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.server.URL()+"/v3/session/import-shared/", strings.NewReader(body))
				require.NoError(t, err)
				req.Header.Set("X-Api-Key", w.b.APIKey)
				req.Header.Set("Content-Type", "application/json")
				arrived, status := 2, http.StatusCreated
				if test.applied {
					status = http.StatusForbidden // by then it has been imported
				}
				if !replayable {
					req.GetBody, arrived = nil, 1
				}
				resp, err := w.client.Do(req)
				if err == nil {
					defer resp.Body.Close()
				}
				assert.Equal(t, !replayable, err != nil)
				if replayable {
					require.NoError(t, err)
					assert.Equal(t, status, resp.StatusCode)
				}
				requests := w.server.Requests()
				require.Equal(t, arrived, len(requests), "each arrival counts") //nolint:testifylint // Len would print them
				assert.Equal(t, test.kind, requests[0].Fault)
				assert.Equal(t, 1, f.Fired())
				assert.Equal(t, replayable || test.applied, len(w.b.Sessions()) == 1)
			})
		}
	}
}

// The frames themselves, for a client that sends its headers in pieces and with padding.
func TestHTTP2Frames(t *testing.T) {
	t.Parallel()
	const headers, rstStream, goAway, continuation = 1, 3, 7, 9
	for _, test := range []struct {
		fault didittest.Fault
		kind  byte
		want  []byte // its payload
	}{
		{didittest.Fault{Kind: didittest.FaultStreamReset}, rstStream, []byte{0, 0, 0, 1}},
		{didittest.Fault{Kind: didittest.FaultStreamResetAfter, ErrorCode: didittest.ErrorCodeRefusedStream}, rstStream, []byte{0, 0, 0, 7}},
		{didittest.Fault{Kind: didittest.FaultGoAway}, goAway, []byte{0, 0, 0, 3, 0, 0, 0, 0}},
	} {
		t.Run(string(test.fault.Kind), func(t *testing.T) {
			t.Parallel()
			w := newTLSWorld(t)
			test.fault.Operation = didittest.OpListSessions
			test.fault.Skip = 2 // streams 1 and 3
			w.server.Inject(test.fault)
			dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}}
			conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(w.server.URL(), "https://"))
			require.NoError(t, err)
			defer func() { _ = conn.Close() }()
			send := func(kind, flags byte, stream uint32, payload string) {
				head := []byte{0, 0, 0, 0, flags}
				binary.BigEndian.PutUint32(head, uint32(len(payload))<<8|uint32(kind))
				_, err := conn.Write(append(binary.BigEndian.AppendUint32(head, stream), payload...))
				require.NoError(t, err)
			}
			field := func(name, value string) string {
				return "\x00" + string(rune(len(name))) + name + string(rune(len(value))) + value
			}
			_, err = io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
			require.NoError(t, err)
			send(4, 0, 0, "") // SETTINGS
			pseudo := "\x82\x87" + field(":authority", "localhost") + field(":path", "/v3/sessions/")
			key := field("x-api-key", w.a.APIKey)
			send(headers, 1|4|8, 1, "\x03"+pseudo+key+"\x00\x00\x00")
			send(headers, 1|8, 3, "\x05"+pseudo+"\x00\x00\x00\x00\x00")
			send(continuation, 4, 3, key)
			answered := 0
			for {
				head := make([]byte, 9)
				_, err := io.ReadFull(conn, head)
				require.NoError(t, err, "before the frame that is looked for")
				payload := make([]byte, int(head[0])<<16|int(head[1])<<8|int(head[2]))
				_, err = io.ReadFull(conn, payload)
				require.NoError(t, err)
				switch head[3] {
				case headers:
					assert.Equal(t, byte(0x88), payload[0], "status 200")
					if answered++; answered == 2 {
						send(headers, 1|4, 5, pseudo+key)
					}
				case test.kind:
					assert.Equal(t, test.want, payload)
					assert.Equal(t, 2, answered)
					return
				}
			}
		})
	}
}

// A stream that is reset leaves the others on its connection whole, however their frames lie on the wire.
func TestResetAmongOthers(t *testing.T) {
	t.Parallel()
	w := newTLSWorld(t)
	id := w.a.AddSession(didittest.SessionFixture{})
	f := w.server.Inject(didittest.Fault{ // after the other code net/http gives the connection up
		Operation: didittest.OpShareSession, Kind: didittest.FaultStreamReset, ErrorCode: didittest.ErrorCodeRefusedStream, Times: -1,
	})
	w.get("/v3/sessions/") // one connection, for all
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				r, err := w.try(http.MethodGet, "/v3/session/"+id+"/decision/", w.a.APIKey, "")
				if assert.NoError(t, err) {
					assert.Equal(t, id, r.body["session_id"])
				}
			}
		})
		all.Go(func() {
			for range 20 {
				body := struct{ io.Reader }{strings.NewReader("{}")}                                                                 // cannot be read again, so net/http does not repeat the call
				req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, w.server.URL()+"/v3/session/"+id+"/share/", body) // an address that worked
				req.Header.Set("X-Api-Key", w.a.APIKey)
				_, err := w.client.Do(req)
				assert.Error(t, err)
			}
		})
	}
	all.Wait()
	assert.Equal(t, 160, f.Fired())
	assert.Equal(t, 321, len(w.server.Requests())) //nolint:testifylint // Len would print them all
}
