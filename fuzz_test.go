package didit_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

// FuzzShareToken reads claims of anything and prints none of it.
func FuzzShareToken(f *testing.F) {
	f.Add(tokenOf(nil).Reveal())
	f.Add(tokenOf(map[string]any{"exp": -1, "iat": 1e300}).Reveal())
	f.Add("a.b.c")
	f.Add(" \n")
	f.Fuzz(func(t *testing.T, text string) {
		token := didit.NewShareToken(text)
		if token.Reveal() != strings.TrimSpace(text) || token.IsZero() != (token.Reveal() == "") {
			t.Fatal("another text")
		}
		claims, err := token.Claims()
		if (err == nil) == errors.Is(err, didit.ErrShareTokenInvalid) || err == nil && claims.SessionID == "" {
			t.Fatal(claims, err)
		}
		for _, at := range []time.Time{claims.IssuedAt, claims.ExpiresAt} {
			if _, err := at.MarshalJSON(); err != nil {
				t.Fatal("a time that cannot be stored", err)
			}
		}
		// Shorter texts stand in every fingerprint.
		if len(token.Reveal()) > 32 && strings.Contains(fmt.Sprintf("%v %+v %#v %s", token, token, token, err), token.Reveal()) {
			t.Fatal("printed")
		}
	})
}

// FuzzParseSession decodes anything, and what it decoded can be stored and read again.
func FuzzParseSession(f *testing.F) {
	for _, name := range []string{"decision_user.json", "decision_business.json", "decision_user_old.json", "decision_user_v2.json", "decision_business_captured.json", "session_user.json", "import_singular.json"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"session_id":"x","features":{"a":1},"created_at":5,"liveness_checks":[{"score":"9"}],"metadata":null,"shared_from_session":7}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := didit.ParseSession(data)
		if err != nil {
			if len(err.Error()) > 100 {
				t.Fatal("quotes what it read:", err)
			}
			return
		}
		stored, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := didit.ParseSession(stored)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := json.Marshal(again)
		if err != nil || string(stored) != string(twice) {
			t.Fatalf("stored %s, then %s (%v)", stored, twice, err)
		}
	})
}

// FuzzImportAnswer: whatever answers an import, it is sent once, and a session that is
// returned fits the call.
func FuzzImportAnswer(f *testing.F) {
	f.Add(201, `{"session_id":"`+testkit.CopyID+`","status":"In Review"}`)
	f.Add(201, `{"session_id":"`+testkit.SourceID+`"}`)
	f.Add(400, badToken400)
	f.Add(403, already403)
	f.Add(503, `<html>`)
	f.Add(302, ``)
	token := tokenOf(nil)
	f.Fuzz(func(t *testing.T, status int, body string) {
		if status < 200 || status > 599 {
			return
		}
		a := &account{post: posts(answer(status, body)), list: answer(http.StatusOK, `{"next":null,"results":[]}`)}
		c, err := didit.NewClient(didit.WithAPIKey("k"), didit.WithHTTPClient(&http.Client{Transport: a}), didit.WithRetryWait(0, 0), didit.WithMaxRetryAfter(0))
		if err != nil {
			t.Fatal(err)
		}
		s, err := c.ImportSharedSession(t.Context(), importParams(token))
		if a.posts != 1 || (s == nil) == (err == nil) {
			t.Fatal(a.posts, s, err)
		}
		if s != nil && (status > 299 || s.SessionID == testkit.SourceID || s.SharedFromSession != testkit.SourceID || s.SessionKind != didit.KindUser) {
			t.Fatal("does not fit the call", s.SharedFromSession, s.SessionKind)
		}
		if err != nil && strings.Contains(err.Error(), token.Reveal()) {
			t.Fatal("printed")
		}
	})
}
