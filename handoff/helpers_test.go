package handoff_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/handoff"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	bank    = "0b0b0b0b-1111-4111-8111-000000000001" // A
	fintech = "0b0b0b0b-2222-4222-8222-000000000002" // B
	other   = "0b0b0b0b-3333-4333-8333-000000000003"
	source  = "0b0b0b0b-4444-4444-8444-000000000004"

	secretText = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=" // 0123456789abcdef twice
	otherText  = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
	thirdText  = "whsec_YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="
)

func secret(t testing.TB, text string) handoff.Secret {
	t.Helper()
	s, err := handoff.ParseSecret(text)
	require.NoError(t, err)
	return s
}

// envelope is a good one from the bank for the fintech.
func envelope(id string) handoff.Envelope {
	return handoff.Envelope{
		ID: id, Token: didit.NewShareToken("planted.share-token.text"), SessionKind: didit.KindUser, SourceSessionID: source,
		FromApplicationID: bank, ForApplicationID: fintech, ExpiresAt: time.Now().Add(time.Hour).UTC().Truncate(time.Second),
		Reference: "customer-7", Purpose: "open an account",
	}
}

func request(id string) handoff.Request {
	return handoff.Request{
		ID: id, FromApplicationID: bank, ForApplicationID: fintech, Reference: "customer-7", Purpose: "open an account",
		SessionKind: didit.KindUser,
	}
}

// side is what one side's log and audit hook were told.
type side struct {
	mu     sync.Mutex
	log    bytes.Buffer
	events []handoff.AuditEvent
}

func (s *side) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(p)
}

func (s *side) hook(_ context.Context, e handoff.AuditEvent) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
	return nil
}

func (s *side) options() []handoff.Option {
	return []handoff.Option{
		handoff.WithLogger(slog.New(slog.NewJSONHandler(s, nil))),
		handoff.WithAuditHook(s.hook),
	}
}

func (s *side) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

func (s *side) all() []handoff.AuditEvent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]handoff.AuditEvent(nil), s.events...)
}

func (s *side) last(t testing.TB) handoff.AuditEvent {
	t.Helper()
	all := s.all()
	require.NotEmpty(t, all)
	return all[len(all)-1]
}

// wire is an HTTP transport straight into a handler, so that time may be a bubble's.
// lose decides of each answer whether it is lost on the way back.
type wire struct {
	handler http.Handler
	lose    func(n int) bool
	mu      sync.Mutex
	sent    []*http.Request
	bodies  [][]byte
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body.Close()
	w.mu.Lock()
	w.sent, w.bodies = append(w.sent, r), append(w.bodies, body)
	n := len(w.sent)
	w.mu.Unlock()
	in := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.String(), bytes.NewReader(body))
	in.Header = r.Header.Clone()
	answered := make(chan *httptest.ResponseRecorder, 1)
	go func() { answered <- serve(w.handler, in) }()
	var recorder *httptest.ResponseRecorder
	select {
	case recorder = <-answered:
	case <-r.Context().Done(): // who asked has hung up
		return nil, r.Context().Err()
	}
	if w.lose != nil && w.lose(n) {
		return nil, io.ErrUnexpectedEOF
	}
	return recorder.Result(), nil
}

func (w *wire) client() *http.Client { return &http.Client{Transport: w} }

const where = "https://partner.example/handoff"

// message is one as another program makes it, to be changed by an attack.
type message struct {
	secret string
	id     string
	at     time.Time
	fields map[string]any
	body   []byte // instead of the fields
	header func(http.Header)
}

func push(id string) *message {
	return &message{secret: secretText, id: id, at: time.Now(), fields: map[string]any{
		"version": 1, "type": "push", "id": id, "from_application_id": bank, "for_application_id": fintech, "session_kind": "user",
		"source_session_id": source, "expires_at": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
		"reference": "customer-7", "purpose": "open an account", "share_token": "planted.share-token.text",
	}}
}

func (m *message) set(key string, value any) *message {
	m.fields[key] = value
	return m
}

func (m *message) text(t testing.TB) []byte {
	t.Helper()
	if m.body != nil {
		return m.body
	}
	body, err := json.Marshal(m.fields)
	require.NoError(t, err)
	return body
}

func (m *message) build(t testing.TB) *http.Request {
	t.Helper()
	body := m.text(t)
	w, err := standardwebhooks.NewWebhook(m.secret)
	require.NoError(t, err)
	signature, err := w.Sign(m.id, m.at, body)
	require.NoError(t, err)
	r := httptest.NewRequest(http.MethodPost, "/handoff", bytes.NewReader(body))
	r.Header.Set("Webhook-Id", m.id)
	r.Header.Set("Webhook-Timestamp", strconv.FormatInt(m.at.Unix(), 10))
	r.Header.Set("Webhook-Signature", signature)
	if m.header != nil {
		m.header(r.Header)
	}
	return r
}

func (m *message) send(t testing.TB, h http.Handler) *httptest.ResponseRecorder {
	t.Helper()
	return serve(h, m.build(t))
}

func serve(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, r)
	return recorder
}

// partners are the secrets that the fintech knows.
func partners(t testing.TB) handoff.Secrets {
	return handoff.Secrets{bank: {secret(t, secretText)}, other: {secret(t, otherText)}}
}

// imported is a callback that takes everything.
func imported(_ context.Context, e handoff.Envelope) (*handoff.Receipt, error) {
	return &handoff.Receipt{Status: handoff.StatusImported, SessionID: source}, nil
}
