package didittest

import (
	"cmp"
	"crypto/tls"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/didit-go/didit/didittest/internal/random"
)

// Server is an in-memory Didit on a real socket. All its methods may be called at any time from any goroutine.
type Server struct {
	cfg     config
	http    *httptest.Server
	url     string // as others know it
	local   string // as this process does
	tls     bool   // HTTPS, and with it HTTP/2
	signKey []byte
	skew    atomic.Int64 // nanoseconds that Advance added
	closing chan struct{}
	once    sync.Once
	active  gauge // requests that are being answered

	mu       sync.RWMutex
	apps     []*Application
	appByID  map[string]*Application
	keys     map[string]*apiKey
	sessions map[string]*session
	imports  map[importKey]string // the copy, deleted or not
	late     []lateCall
	handlers map[Operation]http.Handler // see Handle

	run     string // another one for each server
	changes changes
	tokens  tokenList
	faults  faultList
	limits  limiter
	history history
	hooks   dispatcher
}

// importKey is what an import may happen once for.
type importKey struct{ application, source string }

// NewServer returns a server that is running on plain HTTP. Close it when done.
func NewServer(opts ...Option) *Server {
	s := newServer(opts)
	s.http.Start()
	s.started("http")
	return s
}

// NewTLSServer returns a server that is running on HTTPS with a certificate of its own, which [Server.HTTPClient] trusts. It
// speaks HTTP/2 with clients that offer it, as HTTPClient does, and HTTP/1.1 with the others.
func NewTLSServer(opts ...Option) *Server {
	s := newServer(opts)
	s.tls = true
	s.http.EnableHTTP2 = true
	s.http.TLS = &tls.Config{NextProtos: []string{"h2", "http/1.1"}, MinVersion: tls.VersionTLS12}
	s.http.Config.TLSNextProto = map[string]func(*http.Server, *tls.Conn, http.Handler){"h2": s.serveHTTP2()}
	s.http.StartTLS()
	s.started("https")
	return s
}

// idleTimeout is how long a connection may do nothing between calls. Clients keep idle ones for less as a rule.
const idleTimeout = 2 * time.Minute

func newServer(opts []Option) *Server {
	cfg := defaults()
	for _, o := range opts {
		o(&cfg)
	}
	s := &Server{
		cfg:      cfg,
		signKey:  []byte(random.Secret()),
		closing:  make(chan struct{}),
		appByID:  map[string]*Application{},
		keys:     map[string]*apiKey{},
		sessions: map[string]*session{},
		imports:  map[importKey]string{},
		handlers: map[Operation]http.Handler{},
	}
	s.faults.rng = rand.New(rand.NewPCG(cfg.seed, 0)) //nolint:gosec // faults have to repeat, nothing is secret here
	s.run = random.UUID()[:8]
	s.history.limit = cfg.history
	s.history.changes = &s.changes
	s.hooks.init(s)
	s.http = httptest.NewUnstartedServer(http.HandlerFunc(s.serve))
	// Dropped connections and failed handshakes are wanted; nobody needs to read about them.
	s.http.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.http.Config.ReadHeaderTimeout = cfg.readTimeout
	s.http.Config.IdleTimeout = idleTimeout
	if cfg.listener != nil {
		_ = s.http.Listener.Close()
		s.http.Listener = cfg.listener
	}
	return s
}

// started reads what only a running server knows.
func (s *Server) started(scheme string) {
	host := s.http.Listener.Addr().String()
	if a, ok := s.http.Listener.Addr().(*net.TCPAddr); ok && a.IP.IsUnspecified() {
		_, port, _ := net.SplitHostPort(host)
		host = net.JoinHostPort("127.0.0.1", port)
	}
	s.local = scheme + "://" + host
	s.url = cmp.Or(s.cfg.baseURL, s.local)
	if t, ok := s.http.Client().Transport.(*http.Transport); ok {
		t.MaxIdleConnsPerHost = 128
		t.MaxIdleConns = 0
	}
}

// closeGrace is how long Close lets requests under way finish.
const closeGrace = 250 * time.Millisecond

// Close ends slow answers, lets requests under way finish for a quarter of a second, closes every connection and stops
// delivering webhooks. Afterwards nothing of the server is left running. Closing twice does no harm.
func (s *Server) Close() {
	s.once.Do(func() {
		close(s.closing)
		s.http.Config.SetKeepAlivesEnabled(false)
		_ = s.http.Listener.Close()
		grace := time.NewTimer(closeGrace)
		select {
		case <-s.active.idle():
		case <-grace.C:
		}
		grace.Stop()
		s.http.CloseClientConnections()
		s.http.Close()
		<-s.active.idle()
		s.hooks.close()
	})
}

// URL is the base URL, without a slash at its end.
func (s *Server) URL() string { return s.url }

// HTTPClient returns a client that trusts the server's certificate and keeps up to 128 idle connections to it. With a TLS
// server it speaks HTTP/2. Closing the server closes its connections.
func (s *Server) HTTPClient() *http.Client { return s.http.Client() }

// Now is the time on the server's clock, in UTC.
func (s *Server) Now() time.Time {
	return s.cfg.clock().Add(time.Duration(s.skew.Load())).UTC()
}

// Advance moves the server's clock forward by d: tokens expire, rate limits pass, rows that lag appear, calls of
// [FaultAppliedLate] take effect and webhooks become due (see [Server.FlushWebhooks]). It panics if d is negative, or more than
// 100 years with all that came before.
func (s *Server) Advance(d time.Duration) {
	if !s.canAdvance(d) {
		panic("didittest: the clock does not go back, and forward by 100 years at most")
	}
	s.skew.Add(int64(d))
	s.applyLate()
	s.hooks.poke()
}

// maxSkew is under half of what a Duration can hold.
const maxSkew = 100 * 365 * 24 * time.Hour

func (s *Server) canAdvance(d time.Duration) bool {
	return d >= 0 && d <= maxSkew-time.Duration(s.skew.Load())
}

// AddApplication makes an application with a key of full access, a webhook secret and one workflow of each kind.
func (s *Server) AddApplication(name string) *Application {
	a := &Application{
		ID:            random.UUID(),
		Name:          name,
		APIKey:        newKey(),
		WebhookSecret: random.Secret(),
		server:        s,
		workflows:     map[string]workflow{},
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a.addWorkflow("user")
	a.addWorkflow("business")
	s.apps = append(s.apps, a)
	s.appByID[a.ID] = a
	s.keys[a.APIKey] = &apiKey{app: a, full: true}
	return a
}

// Applications returns the applications in the order in which they were added.
func (s *Server) Applications() []*Application {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return append([]*Application(nil), s.apps...)
}

// keyPrefix starts every key, so that none passes for a live one.
const keyPrefix = "sk_test_didittest_"

func newKey() string { return keyPrefix + random.Secret() }

func isLiveKey(key string) bool { return strings.HasPrefix(key, "sk_live_") }
