package handoff

import (
	"net/http"
	"net/url"
	"time"

	"github.com/didit-go/didit/internal/setting"
	"github.com/didit-go/didit/internal/transport"
)

// attemptTime bounds one attempt.
const attemptTime = 30 * time.Second

// poster is what a sender and a requester have in common: it delivers a message until
// an answer ends the hand-off.
type poster struct {
	settings
	action  AuditAction
	url     url.URL
	secrets []Secret // all sign
	http    *transport.Client
}

func newPoster(action AuditAction, rawURL string, secret Secret, opts []Option) (*poster, error) {
	p := &poster{settings: newSettings(opts, true), action: action}
	problems := p.problems
	u, problem := parseURL(rawURL)
	if problem != "" {
		problems.add("url", problem, nil)
	}
	if secret.IsZero() {
		problems.add("secret", "must not be the zero Secret", nil)
	}
	if err := problems.err(); err != nil {
		return nil, err
	}
	p.url, p.secrets = *u, append([]Secret{secret}, p.previous...)
	client := http.Client{}
	if p.client != nil {
		client = *p.client
	}
	if client.Transport == nil {
		client.Transport = ownTransport()
	}
	client.Jar, client.Transport = nil, headerKeeper{client.Transport}
	p.http = transport.New(transport.Config{
		HTTPClient: &client, AttemptTimeout: attemptTime, MaxRetryAfter: time.Minute, MaxBody: maxBody, Now: p.now,
	})
	return p, nil
}

// parseURL says what is wrong with a URL without quoting it.
func parseURL(raw string) (u *url.URL, problem string) {
	u, problem = setting.URL(raw, "https://partner.example/handoff")
	if problem == "" && u.Scheme == "http" && !setting.Loopback(u.Hostname()) {
		return nil, "must be https; http is for loopback addresses only"
	}
	return u, problem
}

// ownTransport is net/http's own. Where a program has replaced http.DefaultTransport,
// that is used as it is.
func ownTransport() http.RoundTripper {
	if std, ok := http.DefaultTransport.(*http.Transport); ok {
		return std.Clone()
	}
	return http.DefaultTransport
}

// headerKeeper keeps the header of the last answer: a grant is signed there.
type headerKeeper struct{ next http.RoundTripper }

type headerKey struct{}

func (k headerKeeper) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := k.next.RoundTrip(r)
	if kept, ok := r.Context().Value(headerKey{}).(*http.Header); ok && err == nil && resp != nil {
		*kept = resp.Header
	}
	return resp, err
}
