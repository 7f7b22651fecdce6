// Package didit: stubs that the packages beside it compile against while the real files are being written.
package didit

import (
	"context"
	"errors"
	"net/http"

	"github.com/didit-go/didit/internal/answer"
	"github.com/didit-go/didit/internal/transport"
	"time"
)

const DefaultBaseURL = "https://verification.didit.me"

type Client struct{}
type Option func()

func NewClient(opts ...Option) (*Client, error)   { return nil, errors.New("stub") }
func WithAPIKey(key string) Option                { return nil }
func WithBaseURL(rawURL string) Option            { return nil }
func WithHTTPClient(c *http.Client) Option        { return nil }
func WithApplicationID(id string) Option          { return nil }
func WithClock(now func() time.Time) Option       { return nil }
func WithMaxRetries(n int) Option                 { return nil }
func WithRetryWait(min, max time.Duration) Option { return nil }

type ShareToken struct{ text *string }

func NewShareToken(raw string) ShareToken { return ShareToken{&raw} }
func (t ShareToken) Reveal() string       { return *t.text }

type ShareClaims struct {
	SessionID, FromApplicationID, ForApplicationID string
	SessionKind                                    SessionKind
	IssuedAt, ExpiresAt                            time.Time
}
type ShareSessionParams struct {
	ForApplicationID string
	TTL              time.Duration
	Status           SessionStatus
}
type SharedSession struct {
	Token                       ShareToken
	SessionID, ForApplicationID string
	SessionKind                 SessionKind
}

func (c *Client) ShareSession(ctx context.Context, sessionID string, params ShareSessionParams) (*SharedSession, error) {
	return nil, errors.New("stub")
}

type operation struct {
	name, method, path string
	class              transport.Class
	kinds              answer.Table
	empty              bool
}
type request struct {
	id    string
	json  []byte
	sent  []string
	token answer.Token
}
type FindImportedSessionParams struct{}

func (c *Client) key() string { return "" }
