// Package didit is a client for Didit's Share Session API (Reusable KYC and KYB) and
// the calls around it.
//
// Didit verifies people (KYC, [KindUser]) and companies (KYB, [KindBusiness]). Partner
// A hands a finished verification to Partner B: A mints a share token for B's
// application with [Client.ShareSession] and sends it over a channel of their own; B
// redeems it with [Client.ImportSharedSession] and owns a copy. The person is not
// verified twice.
//
//	a, err := didit.NewClient() // the key is in DIDIT_API_KEY
//	shared, err := a.ShareSession(ctx, sessionID, didit.ShareSessionParams{
//		ForApplicationID: partnerB, TTL: 10 * time.Minute,
//	})
//	... shared.Token.Reveal() ...
//
//	imported, err := b.ImportSharedSession(ctx, didit.ImportSharedSessionParams{
//		Token: didit.NewShareToken(text), WorkflowID: workflow,
//		Review: didit.ReviewAgain, VendorData: "customer-1",
//	})
//
// # Which call sends again
//
// What decides is what is known to have happened, not the HTTP method. A request that
// was never sent is sent again, whatever it is. One that may have arrived is sent
// again if it is a read, a delete or a share (one token more harms nobody), and never
// if it is an import, a create or an update. That holds below this package as well:
// net/http, which sends requests again by itself over HTTP/2, cannot. A share that is
// answered 500 is not sent again either. After a 429 every call waits for Retry-After,
// up to [WithMaxRetryAfter]. There are at most 4 retries, after random waits that grow
// from 500 ms to 8 s: see [WithMaxRetries] and [WithRetryWait]. Redirects are never
// followed.
//
// One attempt may take 30 s, to the last byte of its answer: [WithAttemptTimeout]. The
// whole call takes as long as its context allows. An answer may have 16 MiB, and where
// it has more than 256 KiB, no list of more than 10,000 items and no more than 50,000
// items of lists in all.
//
// # Errors
//
// A [ValidationError] is a local refusal that names every problem; nothing was sent. An
// [APIError] is Didit's refusal. A [CallError] is a call without a usable answer, and
// its Outcome says whether it can have taken effect. [errors.Is] matches them with the
// sentinels, such as [ErrSessionNotShareable] or [ErrOutcomeUnknown]. [Retryable] says
// whether the same call may be made again, and [RetryAfter] when.
//
// # When an answer is lost
//
// Didit redeems a share token once and has no idempotency key. Where the answer to an
// import is lost, sending it again is refused, and the copy cannot be told from a
// refusal. So ImportSharedSession sends at most one request that may have arrived.
// Then it searches for the copy among your own sessions:
//
//	not sent                            → CallError, OutcomeNotSent
//	2xx that fits the call              → the copy
//	refused → search → found            → the copy, Recovered
//	                 → not found        → APIError (with Resume: OutcomeUnknown)
//	"already imported" → search → found → the copy, Recovered
//	                 → not found        → OutcomeAlreadyImported
//	no answer, 5xx → search → found     → the copy, Recovered
//	                 → not found        → OutcomeUnknown, or OutcomeResultLost
//
// Call it again after RetryAfter, with Resume, the same token and the same vendor data,
// as long as Retryable is true. It returns the one copy, or an error that says
// truthfully whether there can be one, and it ends. From a job queue:
//
//   - Set VendorData to your own reference for the person: a copy is returned only
//     where its vendor data is that. Without it a lost import is only named, in
//     Candidates.
//   - Store the token, encrypted, until the import is done: you cannot mint another.
//   - Hold a unique job or a lock per source session, from the token's [ShareClaims].
//   - Set Resume from the second attempt on, and go on while Retryable is true.
//   - Store [ImportSharedSessionParams.FindParams] before the call. With it another
//     process can search for the copy at any time: [Client.FindImportedSession].
//   - OutcomeAlreadyImported, or Candidates in the error, that stay need a person. The
//     session may have been imported for another of your customers, or its copy
//     deleted.
//
// A token's claims are read, never trusted: nobody but Didit can verify them. They say
// what to search for, and prove no right to it.
//
// # Secrets
//
// No key, token, vendor data or personal data is in an error, a log line, an audit event
// or the output of fmt and slog for the values of this package, printed themselves or in
// a field of a struct of yours. The fields of a [Session] are there for who asks:
// encoding/json writes them, and so does slog's JSON handler for a struct of yours around
// one. The text of a token is out of reach of all of them. The key is sent to the base
// URL's host only, over https.
//
// # What was not verified
//
// This package follows Didit's public documentation; nothing in it was checked against
// the live service. Where the pages disagree it sends what the newest says and
// understands what any of them says.
package didit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/didit-go/didit/internal/route"
	"github.com/didit-go/didit/internal/transport"
)

const version = "0.2.0"

// Client calls Didit with the key of one application. Make it once with
// [NewClient]; it never changes, and any number of goroutines may use it.
type Client struct {
	base          *url.URL
	applicationID string
	// The key is in closures, where no printer reaches it.
	header  func(r *request) http.Header
	key     func() string
	send    *transport.Client
	now     func() time.Time
	audit   func(context.Context, AuditEvent) error
	logger  *slog.Logger
	hooks   []CallHook
	waitMin time.Duration
}

// NewClient makes a client. It does no I/O. A *[ValidationError] names every bad
// option at once.
func NewClient(opts ...Option) (*Client, error) {
	s := defaults()
	for _, option := range opts {
		if option == nil {
			s.problems.add("NewClient", "must not be given a nil Option", nil)
			continue
		}
		option(&s)
	}
	base := s.settle()
	if err := s.problems.err(); err != nil {
		return nil, err
	}
	agent := "didit-go/" + version
	if s.product != "" {
		agent = s.product + " " + agent
	}
	key := s.key
	return &Client{
		base:          base,
		applicationID: s.applicationID,
		header:        headers(key, agent),
		key:           func() string { return key },
		send: transport.New(transport.Config{
			HTTPClient: s.httpClient, AttemptTimeout: s.attemptTimeout, MaxRetries: s.maxRetries,
			WaitMin: s.waitMin, WaitMax: s.waitMax, MaxRetryAfter: s.maxRetryAfter, MaxBody: maxBody,
			Limiter: s.limiter, Observe: observer(s.limiter), Logger: s.logger, Now: s.now,
		}),
		now: s.now, audit: s.audit, logger: s.logger, hooks: slices.Clone(s.hooks), waitMin: s.waitMin,
	}, nil
}

// ApplicationID returns the id of the application that the key belongs to, in lower
// case; "" where [NewClient] was not told.
func (c *Client) ApplicationID() string {
	if c == nil {
		return ""
	}
	return c.applicationID
}

// headers returns a function that makes the headers of one call. The values are made
// once; the map is not shared, since a RoundTripper may set headers in it.
func headers(key, agent string) func(r *request) http.Header {
	keys, agents, jsons := []string{key}, []string{agent}, []string{"application/json"}
	return func(r *request) http.Header {
		h := http.Header{"X-Api-Key": keys, "User-Agent": agents}
		if r.stream == nil {
			h["Accept"] = jsons
		}
		if r.json != nil {
			h["Content-Type"] = jsons
		}
		return h
	}
}

// usable starts the list of a call's problems with those that every call can have.
// Where it is not empty, nothing else of the client may be touched.
func (c *Client) usable(ctx context.Context) problems {
	var p problems
	if c == nil || c.send == nil {
		p.add("Client", "must be made by NewClient", nil)
	}
	if ctx == nil {
		p.add("ctx", "must not be nil", nil)
	}
	return p
}

// Do makes any other call of the API: path is "/v3/..." with an optional query,
// escaped as it is to be sent. A nil body sends none; anything else is encoded as
// JSON. A nil out takes nothing from the answer; a *[json.RawMessage] takes its bytes;
// anything else is decoded into.
//
// Errors are those of every other call. Only a GET is sent again once it may have
// arrived; a [CallError] with OutcomeUnknown says when another may have taken effect.
// Nearly all of Didit's paths end in a slash; without it a redirect is answered, which
// is not followed and comes back as an [APIError] with status 301.
//
// https://docs.didit.me/integration/api-errors
func (c *Client) Do(ctx context.Context, method, path string, body, out any) (err error) {
	r := &request{into: &anyAnswer{out}}
	ctx, story := c.begin(ctx, doName)
	defer func() { story.end(r, err) }()
	p := c.usable(ctx)
	op := &operation{name: doName, method: method, class: transport.Once}
	switch method {
	case http.MethodGet:
		op.class = transport.Read
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		p.add("method", "must be GET, POST, PUT, PATCH or DELETE", nil)
	}
	own, problem := route.Parse(path)
	if problem != "" {
		p.add("path", problem, nil)
	}
	r.url = own
	if body != nil {
		r.json = encode(&p, "body", body)
	}
	if out != nil {
		if v := reflect.ValueOf(out); v.Kind() != reflect.Pointer || v.IsNil() {
			p.add("out", "must be a pointer that is not nil, such as &out", nil)
		}
	}
	if err := p.err(); err != nil {
		return err
	}
	op.path = own.Path
	for _, part := range strings.FieldsFunc(path, func(c rune) bool { return strings.ContainsRune("/?&;=", c) })[1:] {
		r.sent = append(r.sent, part) // as it is in the URL, and as it is read
		if text, err := url.QueryUnescape(part); err == nil && text != part {
			r.sent = append(r.sent, text)
		}
	}
	for _, values := range own.Query() {
		r.sent = append(r.sent, values...)
	}
	return c.call(ctx, op, r)
}

// anyAnswer decodes into a caller's own type, if there is one.
type anyAnswer struct{ out any }

func (a *anyAnswer) Decode(_ int, body []byte) error {
	trimmed := bytes.TrimSpace(body)
	if len(trimmed) > 0 && trimmed[0] == '<' {
		return transport.BadAnswer("is a page, and not of the API")
	}
	if a.out == nil {
		return nil
	}
	if raw, ok := a.out.(*json.RawMessage); ok {
		*raw = bytes.Clone(body)
		return nil
	}
	if len(trimmed) == 0 {
		return nil
	}
	err := decode(body, a.out)
	var syntax *json.SyntaxError
	if err == nil || errors.As(err, &syntax) {
		return err
	}
	// The same answer would not fit the caller's type the next time either.
	return transport.Final(errors.New("does not fit the type of out"))
}
