package didit

import (
	"context"
	"encoding/json"
	"iter"
	"net/url"
	"strconv"
	"time"

	"github.com/didit-go/didit/internal/answer"
	"github.com/didit-go/didit/internal/transport"
)

// SessionReview is one entry of a session's audit trail at Didit: who changed what,
// and when. It prints its id and new status only.
type SessionReview struct {
	ID             string          `json:"uuid"`
	ActivityType   string          `json:"activity_type,omitempty"` // "STATUS_UPDATED", ...; an open set
	ActorType      string          `json:"actor_type,omitempty"`    // "API_KEY", "CONSOLE_USER", ...; an open set
	ActorDisplay   string          `json:"actor_display,omitempty"`
	ActorEmail     string          `json:"actor_email,omitempty"`
	PreviousStatus SessionStatus   `json:"previous_status,omitempty"`
	NewStatus      SessionStatus   `json:"new_status,omitempty"`
	Comment        string          `json:"comment,omitempty"`
	ChangedFields  []string        `json:"changed_fields,omitempty"`
	CreatedAt      time.Time       `json:"created_at,omitzero"`
	Raw            json.RawMessage `json:"-"` // the entry as received
}

// ListReviews walks the reviews of a person's session, oldest first, a page at a time.
// Sessions of companies have none: the error matches ErrNotFound for them, as it does
// for a session that is not yours. An error ends the walk; so does leaving the loop,
// and with it the requests. It may be called again and starts from the oldest.
//
// https://docs.didit.me/management-api/sessions/list-reviews
func (c *Client) ListReviews(ctx context.Context, sessionID string) iter.Seq2[*SessionReview, error] {
	return func(yield func(*SessionReview, error) bool) {
		var err error
		ctx, story := c.begin(ctx, opReviews.name)
		defer func() { story.end(nil, err) }()
		p := c.usable(ctx)
		id := checkID(&p, "sessionID", sessionID)
		if err = p.err(); err != nil {
			yield(nil, err)
			return
		}
		// Entries are only added, so from the oldest on none moves.
		for offset, more := 0, true; more; {
			var page reviewsAnswer
			query := url.Values{"ordering": {"created_at"}, "limit": {strconv.Itoa(defaultPageSize)}, "offset": {strconv.Itoa(offset)}}
			if err = c.call(ctx, opReviews, &request{id: id, query: query.Encode(), into: &page, inner: true}); err != nil {
				yield(nil, err)
				return
			}
			for _, r := range page.reviews {
				if !yield(r, nil) {
					return
				}
			}
			offset += len(page.reviews)
			more = page.more && len(page.reviews) > 0
		}
	}
}

type reviewsAnswer struct {
	reviews []*SessionReview
	more    bool
}

func (a *reviewsAnswer) Decode(_ int, body []byte) error {
	a.reviews = nil // an attempt before may have left some
	var page struct {
		Next    json.RawMessage   `json:"next"`
		Results []json.RawMessage `json:"results"`
	}
	if err := decode(body, &page); err != nil {
		return err
	}
	if page.Results == nil {
		return transport.BadAnswer("is not a list of reviews")
	}
	a.more = hasNext(page.Next)
	for _, raw := range page.Results {
		var w struct {
			SessionReview
			CreatedAt answer.Time `json:"created_at"`
		}
		if err := answer.Lenient(json.Unmarshal(raw, &w), raw, &w); err != nil {
			return err
		}
		w.SessionReview.CreatedAt, w.Raw = time.Time(w.CreatedAt), raw
		a.reviews = append(a.reviews, &w.SessionReview)
	}
	return nil
}
