package testkit

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/didit-go/didit"
)

// Call is one operation of the client.
type Call struct {
	Name, Method, Path string // the path as it is on the wire
	Success            string // an answer that is success
	Do                 func(t testing.TB, c *didit.Client) error
}

// Template is the path without its query, with {id} in place of a session's id.
func (c Call) Template() string {
	path, _, _ := strings.Cut(c.Path, "?")
	return strings.NewReplacer(SessionID, "{id}", SourceID, "{id}").Replace(path)
}

// Calls are all operations, each with params that are right.
func Calls() []Call {
	return []Call{
		{"ShareSession", "POST", "/v3/session/" + SourceID + "/share/", `{"share_token":"opaque","for_application_id":"` + ApplicationB + `"}`,
			func(t testing.TB, c *didit.Client) error {
				_, err := c.ShareSession(t.Context(), SourceID, didit.ShareSessionParams{ForApplicationID: ApplicationB})
				return err
			}},
		{"ImportSharedSession", "POST", "/v3/session/import-shared/", `{"session_id":"` + CopyID + `","status":"Approved"}`,
			func(t testing.TB, c *didit.Client) error {
				_, err := c.ImportSharedSession(t.Context(), didit.ImportSharedSessionParams{
					Token: didit.NewShareToken(Token(Claims(time.Now()))), WorkflowID: WorkflowID, Review: didit.ReviewAgain})
				return err
			}},
		{"GetSession", "GET", "/v3/session/" + SessionID + "/decision/", `{"session_id":"` + SessionID + `","status":"Approved"}`,
			func(t testing.TB, c *didit.Client) error {
				_, err := c.GetSession(t.Context(), SessionID)
				return err
			}},
		{"ListSessions", "GET", "/v3/sessions/?limit=50&offset=0&session_kind=user", `{"results":[],"next":null}`,
			func(t testing.TB, c *didit.Client) error {
				for _, err := range c.ListSessions(t.Context(), didit.ListSessionsParams{}) {
					if err != nil {
						return err
					}
				}
				return nil
			}},
		{"ListReviews", "GET", "/v3/sessions/" + SessionID + "/reviews/?limit=50&offset=0&ordering=created_at", `{"results":[],"next":null}`,
			func(t testing.TB, c *didit.Client) error {
				for _, err := range c.ListReviews(t.Context(), SessionID) {
					if err != nil {
						return err
					}
				}
				return nil
			}},
		{"CreateSession", "POST", "/v3/session/", `{"session_id":"` + SessionID + `","url":"https://verify.example/x"}`,
			func(t testing.TB, c *didit.Client) error {
				_, err := c.CreateSession(t.Context(), didit.CreateSessionParams{WorkflowID: WorkflowID})
				return err
			}},
		{"UpdateSessionStatus", "PATCH", "/v3/session/" + SessionID + "/update-status/", `{"session_id":"` + SessionID + `"}`,
			func(t testing.TB, c *didit.Client) error {
				return c.UpdateSessionStatus(t.Context(), SessionID, didit.UpdateSessionStatusParams{NewStatus: didit.StatusApproved})
			}},
		{"DeleteSession", "DELETE", "/v3/session/" + SessionID + "/delete/", `{"session_id":"` + SessionID + `"}`,
			func(t testing.TB, c *didit.Client) error { return c.DeleteSession(t.Context(), SessionID) }},
		{"SessionPDF", "GET", "/v3/session/" + SessionID + "/generate-pdf/", "%PDF-1.7",
			func(t testing.TB, c *didit.Client) error {
				_, err := c.SessionPDF(t.Context(), SessionID, io.Discard)
				return err
			}},
		{"Do", "POST", "/v3/workflows/", `{}`,
			func(t testing.TB, c *didit.Client) error {
				return c.Do(t.Context(), "POST", "/v3/workflows/", map[string]string{"name": "kyc"}, nil)
			}},
	}
}
