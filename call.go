package didit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/didit-go/didit/internal/answer"
	"github.com/didit-go/didit/internal/route"
	"github.com/didit-go/didit/internal/transport"
)

// operation is one call of the API. Every 2xx is its success.
type operation struct {
	name   string
	method string
	path   string // template
	class  transport.Class
	kinds  answer.Table
}

// The operations; each method names its page. All of Didit's paths end in a
// slash: without it a redirect is answered, and redirects are not followed.
var (
	opShare   = &operation{"ShareSession", http.MethodPost, "/v3/session/{id}/share/", transport.Repeatable, answer.Share}
	opImport  = &operation{importName, http.MethodPost, "/v3/session/import-shared/", transport.Once, answer.Import}
	opGet     = &operation{"GetSession", http.MethodGet, "/v3/session/{id}/decision/", transport.Read, answer.Plain}
	opList    = &operation{"ListSessions", http.MethodGet, "/v3/sessions/", transport.Read, answer.Plain}
	opCreate  = &operation{"CreateSession", http.MethodPost, "/v3/session/", transport.Once, answer.Plain}
	opUpdate  = &operation{"UpdateSessionStatus", http.MethodPatch, "/v3/session/{id}/update-status/", transport.Once, answer.Plain}
	opDelete  = &operation{"DeleteSession", http.MethodDelete, "/v3/session/{id}/delete/", transport.Read, answer.Plain}
	opPDF     = &operation{"SessionPDF", http.MethodGet, "/v3/session/{id}/generate-pdf/", transport.Read, answer.Plain}
	opReviews = &operation{"ListReviews", http.MethodGet, "/v3/sessions/{id}/reviews/", transport.Read, answer.Plain}
)

// maxBody is the largest answer that is read, but for a PDF.
const maxBody = 16 << 20

// request is what one call sends and where its answer goes.
type request struct {
	id     string   // in place of "{id}", a checked UUID
	query  string   // encoded
	url    *url.URL // a caller's own path and query, instead of the operation's
	json   []byte
	into   transport.Decoder
	stream io.Writer
	head   transport.Head

	undone     int          // the 5xx that says that nothing took effect
	inner      bool         // part of another call of this package
	repeatable bool         // a write of class Once whose repetition changes nothing
	token      answer.Token // what the share token's claims tell about a refusal

	sent []string // strings that an error must not show, beyond those in json and id

	res  *transport.Result // what became of it
	said *answer.ErrorBody // what an answer that is no success says
}

// call is the one way to the API.
func (c *Client) call(ctx context.Context, op *operation, r *request) error {
	var own url.URL
	if r.url != nil {
		own = *r.url
	} else {
		own.Path, own.RawQuery = route.Path(op.path, r.id), r.query
	}
	u := *c.base
	u.Path, u.RawQuery = u.Path+own.Path, own.RawQuery
	if u.RawPath != "" || own.RawPath != "" {
		u.RawPath = c.base.EscapedPath() + own.EscapedPath()
	}
	req := transport.Request{
		Operation: op.name, PathTemplate: op.path, Class: op.class, Method: op.method,
		URL: u, Header: c.header(r), Body: r.json, Into: r.into, Stream: r.stream,
		Head: r.head, Undone: r.undone,
	}
	var began time.Time
	if r.inner && c.logger != nil {
		began = time.Now()
	}
	r.res = c.send.Do(ctx, req)
	var err error
	if !r.res.OK {
		err = c.failed(op, r, r.res)
	}
	if r.inner && c.logger != nil {
		s := story{c: c, ctx: ctx, operation: op.name, began: began, sessionID: r.id, outcome: AuditOK}
		if err != nil {
			s.outcome = outcomeOf(op.name, r, err)
		}
		s.log(slog.LevelDebug, r, err)
	}
	return err
}

// decode reads JSON within bounds.
func decode(body []byte, v any) error {
	if !answer.Bounded(body) {
		return transport.BadAnswer("has lists of more items than are read: 10,000 each, 50,000 in all")
	}
	return json.Unmarshal(body, v)
}

// acknowledged is an answer whose success is all that matters.
type acknowledged struct {
	id    string // the session that it must speak of, where it speaks of one
	empty bool   // no body is fine
}

func (a *acknowledged) Decode(status int, body []byte) error {
	if len(bytes.TrimSpace(body)) == 0 && (a.empty || status == http.StatusNoContent) {
		return nil
	}
	var reply struct {
		SessionID string `json:"session_id"`
	}
	if err := decode(body, &reply); err != nil {
		return err
	}
	if reply.SessionID != "" && !strings.EqualFold(reply.SessionID, a.id) {
		return transport.BadAnswer("speaks of another session")
	}
	return nil
}

// failed builds the error of a call from what became of it.
func (c *Client) failed(op *operation, r *request, res *transport.Result) error {
	var last *APIError
	if res.Status != 0 {
		last = c.apiError(op, r, res)
	}
	if last != nil && res.CtxErr == nil {
		open := op.class == transport.Once && res.Status >= 500 && res.Outcome != transport.NotSent
		// An answer that says nothing of an earlier attempt leaves that one open.
		open = open || op.class != transport.Read && res.Lost && res.Status == http.StatusTooManyRequests
		if !open {
			return last
		}
	}
	e := &CallError{
		Operation: op.name, Outcome: outcomes[res.Outcome], Attempts: res.Attempts,
		Err: res.Err, Answer: last, read: op.method == http.MethodGet, next: "it may be called again",
	}
	failure, _ := errors.AsType[*transport.Failure](res.Err)
	invalid, refused := errors.AsType[*ValidationError](res.Err)
	switch {
	case refused: // a limiter that was made wrong
		e.Err, e.final, e.next = invalid, true, "the same call would fail the same way"
	case failure != nil && failure.Lasting():
		e.final, e.next = true, "the same call would fail the same way"
	case op.class == transport.Once && !r.repeatable && e.Outcome != OutcomeNotSent:
		e.final, e.next = true, "find out what it did before you call it again"
	}
	if res.CtxErr != nil {
		e.Err = join(res.CtxErr, res.Err)
	}
	return e
}

var outcomes = [...]Outcome{
	transport.NotSent: OutcomeNotSent, transport.Unknown: OutcomeUnknown, transport.ResultLost: OutcomeResultLost,
}

// apiError reads an error answer. Its kind is told from what the server wrote; what
// it prints is masked.
func (c *Client) apiError(op *operation, r *request, res *transport.Result) *APIError {
	body := new(answer.ErrorBody)
	if !res.Broken {
		*body = answer.ParseErrorBody(res.Body)
	}
	r.said = body
	e := &APIError{
		Operation: op.name, StatusCode: res.Status, RequestID: res.RequestID,
		RetryAfter: res.RetryAfter, Attempts: res.Attempts, Body: res.Body,
	}
	for _, kind := range answer.Kinds(op.kinds, res.Status, *body, r.token) {
		e.kinds = append(e.kinds, kindErrors[kind])
	}
	if op.name == doName && e.StatusCode/100 == 3 && !strings.HasSuffix(op.path, "/") {
		body.Message = "the path does not end in a slash, as nearly all of Didit's do"
	}
	mask := c.mask(r)
	e.Code, e.Message = mask(body.Code), mask(body.Message)
	e.RequestID = mask(e.RequestID)
	for field, texts := range body.Fields {
		if e.Fields == nil {
			e.Fields = make(map[string][]string, len(body.Fields))
		}
		field = mask(field)
		for _, text := range texts {
			e.Fields[field] = append(e.Fields[field], mask(text))
		}
	}
	return e
}

var kindErrors = [...]error{
	answer.BadKey:               ErrUnauthorized,
	answer.NotShareable:         ErrSessionNotShareable,
	answer.SelfShare:            ErrSelfShare,
	answer.ApplicationNotFound:  ErrApplicationNotFound,
	answer.BadTTL:               ErrInvalidTTL,
	answer.TokenInvalid:         ErrShareTokenInvalid,
	answer.TokenExpired:         ErrShareTokenExpired,
	answer.TokenForeign:         ErrShareTokenForeign,
	answer.SourceGone:           ErrSourceSessionGone,
	answer.AlreadyImported:      ErrAlreadyImported,
	answer.WorkflowNotFound:     ErrWorkflowNotFound,
	answer.WorkflowKindMismatch: ErrWorkflowKindMismatch,
}

// mask returns what takes everything that a call sent out of a server's text.
func (c *Client) mask(r *request) func(string) string {
	return answer.Mask(append(answer.SentStrings(r.json), append(r.sent, r.id, c.key())...))
}

// requestID is the server's text, so it may repeat what was sent.
func (c *Client) requestID(r *request) string {
	if r == nil || r.res == nil || r.res.RequestID == "" {
		return ""
	}
	return c.mask(r)(r.res.RequestID)
}
