package didit_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/internal/testkit"
)

func reviewsOf(t *testing.T, c *didit.Client, id string) ([]*didit.SessionReview, error) {
	t.Helper()
	var all []*didit.SessionReview
	for r, err := range c.ListReviews(t.Context(), id) {
		if err != nil {
			assert.Nil(t, r)
			return all, err
		}
		all = append(all, r)
	}
	return all, nil
}

// TestListReviews: the trail of a session, oldest first, over more than one page.
func TestListReviews(t *testing.T) {
	t.Parallel()
	server := didittest.NewServer()
	defer server.Close()
	app := server.AddApplication("A")
	client := app.Client()
	id := app.AddSession(didittest.SessionFixture{Status: didit.StatusInReview})
	statuses := []didit.SessionStatus{didit.StatusApproved, didit.StatusDeclined}
	const reviews = 51
	for i := range reviews {
		require.NoError(t, client.UpdateSessionStatus(t.Context(), id, didit.UpdateSessionStatusParams{NewStatus: statuses[i%2], Comment: fmt.Sprint(i)}))
	}
	server.ResetRequests()
	all, err := reviewsOf(t, client, strings.ToUpper(id))
	require.NoError(t, err)
	require.Len(t, all, reviews)
	assert.Len(t, server.Requests(), 2, "pages")
	for i, r := range all {
		assert.Equal(t, fmt.Sprint(i), r.Comment)
		assert.Equal(t, statuses[i%2], r.NewStatus)
		assert.False(t, r.CreatedAt.IsZero())
		assert.NotEmpty(t, r.Raw)
	}
	assert.Equal(t, didit.StatusInReview, all[0].PreviousStatus)
	assert.Equal(t, "didit.SessionReview("+all[0].ID+", Approved)", fmt.Sprintf("%+v", all[0]))

	for _, err := range client.ListReviews(t.Context(), id) {
		require.NoError(t, err)
		break // no other page is asked for
	}
	assert.Len(t, server.Requests(), 3)
	_, err = reviewsOf(t, client, app.AddSession(didittest.SessionFixture{Kind: didit.KindBusiness}))
	require.ErrorIs(t, err, didit.ErrNotFound)
	_, err = reviewsOf(t, client, "7")
	require.ErrorIs(t, err, didit.ErrInvalidParams)
}

// TestListReviewsThatSayLess: what has another type is left zero, a page that is none
// is no answer, and a server that says there is more for ever is not believed.
func TestListReviewsThatSayLess(t *testing.T) {
	t.Parallel()
	var seen []testkit.Seen
	all, err := reviewsOf(t, testkit.Client(t, testkit.Recorder(&seen, 200, `{"results":[{"uuid":7,"comment":null,"created_at":"x","changed_fields":"a"}]}`)), testkit.SessionID)
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.True(t, all[0].CreatedAt.IsZero())
	for _, bad := range []string{``, `{}`, `{"results":null}`, `{"results":[7`} {
		_, err := reviewsOf(t, testkit.Client(t, testkit.Recorder(&seen, 200, bad), didit.WithMaxRetries(0)), testkit.SessionID)
		assert.Equal(t, unusable(bad), testkit.Matches(err), bad)
	}
	all, err = reviewsOf(t, testkit.Client(t, testkit.Recorder(&seen, 200, `{"results":[],"next":"https://h.example/"}`)), testkit.SessionID)
	require.NoError(t, err)
	assert.Empty(t, all)
}
