package didit

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/didit-go/didit/internal/answer"
	"github.com/didit-go/didit/internal/setting"
	"github.com/didit-go/didit/internal/transport"
)

// SessionKind tells a person's verification (KYC) from a company's (KYB). The set
// is open: an unknown kind decodes as it is.
type SessionKind string

// The kinds.
const (
	KindUser     SessionKind = "user"
	KindBusiness SessionKind = "business"
	// KindAll is a filter of [Client.ListSessions], not a kind.
	KindAll SessionKind = "all"
)

// SessionStatus says where a session stands. The set is open: an unknown status
// decodes as it is.
//
// https://docs.didit.me/integration/verification-statuses
type SessionStatus string

// The statuses, as they are sent.
const (
	StatusNotStarted   SessionStatus = "Not Started"
	StatusInProgress   SessionStatus = "In Progress"
	StatusAwaitingUser SessionStatus = "Awaiting User"
	StatusInReview     SessionStatus = "In Review"
	StatusApproved     SessionStatus = "Approved"
	StatusDeclined     SessionStatus = "Declined"
	StatusResubmitted  SessionStatus = "Resubmitted"
	StatusExpired      SessionStatus = "Expired"
	StatusKYCExpired   SessionStatus = "Kyc Expired"
	StatusAbandoned    SessionStatus = "Abandoned"
)

// Shareable reports whether a session in this status can be shared: only finished
// ones can, which are Approved, Declined and In Review.
func (s SessionStatus) Shareable() bool {
	return s == StatusApproved || s == StatusDeclined || s == StatusInReview
}

// Known reports whether this package knows the status.
func (s SessionStatus) Known() bool {
	switch s {
	case StatusNotStarted, StatusInProgress, StatusAwaitingUser, StatusInReview, StatusApproved, StatusDeclined,
		StatusResubmitted, StatusExpired, StatusKYCExpired, StatusAbandoned:
		return true
	}
	return false
}

// Session is one verification and what Didit decided in it. Fields that Didit did
// not send, or sent as something else than their type, are zero; Raw has them as
// they came. Links to images, videos and documents expire: read the session again
// rather than keep them.
//
// It prints its id, kind and status only. Its JSON has every typed field, so
// encoding one is a deliberate act; [ParseSession] reads that JSON too.
type Session struct {
	SessionID         string          `json:"session_id"`
	SessionKind       SessionKind     `json:"session_kind,omitempty"`
	SessionNumber     int64           `json:"session_number,omitempty"`
	SessionURL        string          `json:"session_url,omitempty"`
	Status            SessionStatus   `json:"status,omitempty"`
	WorkflowID        string          `json:"workflow_id,omitempty"`
	VendorData        string          `json:"vendor_data,omitempty"`
	Metadata          json.RawMessage `json:"metadata,omitempty"`
	SharedFromSession string          `json:"shared_from_session,omitempty"` // the source session, on an imported one
	Environment       string          `json:"environment,omitempty"`         // "live" or "sandbox"
	CreatedAt         time.Time       `json:"created_at,omitzero"`
	ExpiresAt         time.Time       `json:"expires_at,omitzero"`
	Decision
	Raw json.RawMessage `json:"-"` // the body as received, unknown fields included
}

// ParseSession decodes a session as [Client.GetSession] does: a stored Raw, the
// decision of a webhook, a fixture. Singular keys of older decisions are read into
// the plural fields. It fails where data is no JSON object with a session_id, or is
// beyond the bounds of an answer (16 MiB, lists of 10,000 items); the error quotes
// nothing.
func ParseSession(data []byte) (*Session, error) {
	if len(data) > maxBody {
		return nil, errors.New("didit: parse session: it is larger than 16 MiB")
	}
	s := new(Session)
	if _, err := decodeSession(data, s); err != nil {
		return nil, errors.New("didit: parse session: it is not a session of Didit's in JSON")
	}
	return s, nil
}

// wireSession is a session as it is sent: every generation's keys, decoded in one
// pass into the Session that it is given.
type wireSession struct {
	*Session
	// These stand before the fields of the same name in Session.
	SharedFromSession answer.NullText `json:"shared_from_session"`
	CreatedAt         answer.Time     `json:"created_at"`
	ExpiresAt         answer.Time     `json:"expires_at"`
	singularBlocks
}

// wires are used again. They are cleared before, because answers hold personal data.
var wires = sync.Pool{New: func() any { return new(wireSession) }}

// decodeSession fills s. A field of another type than expected is left zero: the rest
// of a verification is not lost for it. It also tells whether the answer says from
// where the session was shared.
func decodeSession(body []byte, s *Session) (sourceKnown bool, err error) {
	w := wires.Get().(*wireSession) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	defer func() {
		*w = wireSession{}
		wires.Put(w)
	}()
	w.Session = s
	if err := answer.Lenient(decode(body, w), body, w); err != nil {
		return false, err
	}
	if strings.TrimSpace(s.SessionID) == "" {
		return false, transport.BadAnswer("has no usable session_id")
	}
	s.SharedFromSession, s.CreatedAt, s.ExpiresAt = w.SharedFromSession.Text, time.Time(w.CreatedAt), time.Time(w.ExpiresAt)
	s.Raw = append(json.RawMessage(nil), body...)
	w.lift(&s.Decision)
	return w.SharedFromSession.Sent, nil
}

// GetSession reads a session and its decision, of a person or a company: what exists
// of it so far. It changes nothing and may be called again.
//
// sessionID is a UUID in either case. The error matches [ErrNotFound] where the
// session is not this application's or was deleted. An answer without the session_id
// that was asked for is not believed: it counts as unreadable, and is asked for again.
//
// https://docs.didit.me/sessions-api/retrieve-session
func (c *Client) GetSession(ctx context.Context, sessionID string) (s *Session, err error) {
	r := readSession("")
	ctx, story := c.begin(ctx, opGet.name)
	defer func() { story.end(&r.request, err) }()
	p := c.usable(ctx)
	r.id = checkID(&p, "sessionID", sessionID)
	if err := p.err(); err != nil {
		return nil, err
	}
	if err := c.call(ctx, opGet, &r.request); err != nil {
		return nil, err
	}
	return r.session, nil
}

// sessionRead is a read of one session. It also tells whether the answer says from
// where the session was shared.
type sessionRead struct {
	request
	session     *Session
	sourceKnown bool
}

func readSession(id string) *sessionRead {
	r := new(sessionRead)
	r.id, r.into = id, r
	return r
}

func (r *sessionRead) Decode(_ int, body []byte) error {
	s := new(Session)
	known, err := decodeSession(body, s)
	if err != nil {
		return err
	}
	if !strings.EqualFold(s.SessionID, r.id) {
		return transport.BadAnswer("speaks of another session")
	}
	r.session, r.sourceKnown = s, known
	return nil
}

// UpdateSessionStatusParams says how a session is decided by hand.
type UpdateSessionStatusParams struct {
	NewStatus SessionStatus // StatusApproved, StatusDeclined or StatusResubmitted; required
	Comment   string        // kept with the review; optional
}

// UpdateSessionStatus decides a session by hand: it approves it, declines it, or asks
// the person to go through it again. Didit refuses it with a 400 while the session is
// not finished.
//
// It is not sent again once it may have arrived. You may call it again with
// StatusApproved or StatusDeclined, which change nothing where they hold already:
// [Retryable] is true for a lost answer then. For StatusResubmitted it is false: read
// the session first, because Didit answers a second resubmission with a 400.
//
// https://docs.didit.me/sessions-api/update-status
func (c *Client) UpdateSessionStatus(ctx context.Context, sessionID string, params UpdateSessionStatusParams) (err error) {
	r := new(request)
	ctx, story := c.begin(ctx, opUpdate.name)
	defer func() { story.end(r, err) }()
	p := c.usable(ctx)
	r.id = checkID(&p, "sessionID", sessionID)
	if s := params.NewStatus; s != StatusApproved && s != StatusDeclined && s != StatusResubmitted {
		p.add("NewStatus", "must be Approved, Declined or Resubmitted", nil)
	}
	checkText(&p, "Comment", params.Comment)
	r.json = encode(&p, "params", struct {
		NewStatus SessionStatus `json:"new_status"`
		Comment   string        `json:"comment,omitempty"`
	}{params.NewStatus, params.Comment})
	if err := p.err(); err != nil {
		return err
	}
	r.into, r.repeatable = &acknowledged{id: r.id}, params.NewStatus != StatusResubmitted
	return c.call(ctx, opUpdate, r)
}

// DeleteSession deletes a session, and with a company's the sessions that it started
// for its people. It cannot be undone.
//
// It may be called again, and is sent again by itself where no answer came. A session
// that is not there matches [ErrNotFound], but is success where an earlier attempt of
// the same call may have deleted it unseen. A 503 is no such attempt: Didit says with
// it that nothing was deleted. A session in a filed regulatory report is refused with
// a 409 and the code "in_filed_report".
//
// https://docs.didit.me/sessions-api/delete-session
func (c *Client) DeleteSession(ctx context.Context, sessionID string) (err error) {
	r := &request{undone: http.StatusServiceUnavailable}
	ctx, story := c.begin(ctx, opDelete.name)
	defer func() { story.end(r, err) }()
	p := c.usable(ctx)
	r.id = checkID(&p, "sessionID", sessionID)
	if err := p.err(); err != nil {
		return err
	}
	r.into = &acknowledged{id: r.id, empty: true}
	err = c.call(ctx, opDelete, r)
	if err != nil && r.res.Lost && r.res.Status == http.StatusNotFound {
		return nil
	}
	return err
}

// SessionPDF writes the session's report to w as it comes in and returns how many
// bytes it wrote. The session has to be finished; Didit refuses others with a 403. The
// report is made anew for each call, so two of them differ.
//
// The report may be of any size. What does not begin as a PDF is no report: none of it
// is written, and it is asked for again as any answer that cannot be read. Nothing is
// asked for again once a byte was written, so after an error with n > 0 what w holds
// is half a report. [WithAttemptTimeout] bounds the pause between two bytes.
//
// https://docs.didit.me/sessions-api/generate-pdf
func (c *Client) SessionPDF(ctx context.Context, sessionID string, w io.Writer) (n int64, err error) {
	r := &request{stream: w, head: checkPDF}
	ctx, story := c.begin(ctx, opPDF.name)
	defer func() { story.end(r, err) }()
	p := c.usable(ctx)
	r.id = checkID(&p, "sessionID", sessionID)
	if setting.IsNil(w) {
		p.add("w", "must not be nil", nil)
	}
	if err := p.err(); err != nil {
		return 0, err
	}
	err = c.call(ctx, opPDF, r)
	return r.res.Written, err
}

// checkPDF tells a PDF by its header. Readers find it behind other bytes too: of
// those a byte order mark and white space are let pass.
func checkPDF(head []byte) (more bool, err error) {
	const header, mark = "%PDF-", "\ufeff"
	rest := strings.TrimLeft(strings.TrimPrefix(string(head[:min(len(head), 1024)]), mark), "\x00\t\n\f\r ")
	if strings.HasPrefix(rest, header) {
		return false, nil
	}
	return strings.HasPrefix(header, rest) || strings.HasPrefix(mark, rest), transport.BadAnswer("is not a PDF")
}
