package handoff

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const (
	applicationA = "0b0b0b0b-1111-4111-8111-000000000001" // sends
	applicationB = "0b0b0b0b-2222-4222-8222-000000000002" // receives
	sourceID     = "0b0b0b0b-5555-4555-8555-000000000005" // A's session
)

// FuzzMessage: what is read of a signed text is what every parser of JSON reads, and
// comes out the same when it is written again.
func FuzzMessage(f *testing.F) {
	good := `{"version":1,"type":"push","id":"job-1","from_application_id":"` + applicationA + `","reference":"r","expires_at":"2026-01-01T00:00:00Z"}`
	for _, text := range []string{good, `{"version":1}`, "{\"version\":1}\f", `{}`, `[]`, `{"version":1,"VERSION":2}`, good + good, strings.ToUpper(good), `{"version":1,"a":{"b":[1,{"c":null}]}}`, "\xff", `{"version":1,"reference":"\ud800"}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := readMessage("job-1", body)
		if err != nil {
			return
		}
		var theirs map[string]any
		if err := json.Unmarshal(body, &theirs); err != nil {
			t.Fatal("took what is not JSON")
		}
		if theirs["reference"] != m.Reference && (theirs["reference"] != nil || m.Reference != "") || theirs["version"] != 1.0 {
			t.Fatal("read another reference or version than other parsers")
		}
		written, err := json.Marshal(m)
		if err != nil {
			return // a year that JSON has no form for
		}
		again, err := readMessage("job-1", written)
		if err != nil || *again != *m && !again.ExpiresAt.Equal(m.ExpiresAt) {
			t.Fatal("does not survive a round trip")
		}
	})
}

// FuzzReceiver: no stranger gets anything but the one answer, whatever they send.
func FuzzReceiver(f *testing.F) {
	known, err := ParseSecret("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
	if err != nil {
		f.Fatal(err)
	}
	h, err := NewReceiver(applicationB, Secrets{applicationA: {known}}, func(context.Context, Envelope) (*Receipt, error) { panic("called") })
	if err != nil {
		f.Fatal(err)
	}
	f.Add("job-1", "1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", []byte(`{"version":1}`))
	f.Add("", "", "", []byte(nil))
	f.Add("a.b", "+1", "v1, v1,", []byte("{"))
	f.Fuzz(func(t *testing.T, id, timestamp, signature string, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		r.Header[headerID], r.Header[headerTimestamp], r.Header[headerSignature] = []string{id}, []string{timestamp}, []string{signature}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if large := len(body) > maxBody; large && w.Code != 413 || !large && (w.Code != 401 || w.Body.String() != `{"code":"unauthorized"}`) {
			t.Fatalf("answered %d", w.Code)
		}
	})
}

// FuzzSigned: whatever a partner signs, the receiver answers with what it knows.
func FuzzSigned(f *testing.F) {
	known, err := ParseSecret("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
	if err != nil {
		f.Fatal(err)
	}
	h, err := NewReceiver(applicationB, Secrets{applicationA: {known}}, func(_ context.Context, e Envelope) (*Receipt, error) {
		if e.ForApplicationID != applicationB || e.FromApplicationID != applicationA || e.Token.IsZero() || !e.ExpiresAt.After(time.Now()) {
			panic("called with an envelope that is not B's")
		}
		return &Receipt{Status: StatusAccepted}, nil
	}, WithReplayStore(NewMemoryReplayStore(1<<20)))
	if err != nil {
		f.Fatal(err)
	}
	e := Envelope{ID: "job-1", SessionKind: "user", SourceSessionID: sourceID, FromApplicationID: applicationA, ForApplicationID: applicationB,
		ExpiresAt: time.Now().Add(time.Hour), Reference: "r"}
	m := e.message(typePush)
	m.ShareToken = "a.b.c"
	good, err := json.Marshal(m)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("job-1", good)
	f.Add("job-2", bytes.Replace(good, []byte("job-1"), []byte("job-2"), 1))
	f.Add("job-1", []byte(`{"version":2}`))
	f.Fuzz(func(t *testing.T, id string, body []byte) {
		if !isID(id) {
			return
		}
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		signed, err := sign([]Secret{known}, id, time.Now(), body)
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(r.Header, signed)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		switch w.Code {
		case 200, 400, 401, 413, 422:
		default:
			t.Fatalf("answered %d", w.Code)
		}
	})
}
