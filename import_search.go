package didit

import (
	"context"
	"time"
)

// prepareSearch makes the search for the copy, where the token's claims are good to
// search by.
func (im *importing) prepareSearch() {
	if im.search != nil {
		return
	}
	if !im.readable {
		_, im.searchErr = im.params.Token.Claims()
		return
	}
	params, err := im.claims.findParams(im.params.VendorData, im.began, im.params.Resume)
	if err != nil {
		im.searchErr = err
		return
	}
	since := im.claims.issued()
	if since.After(im.began) {
		since = im.began // a claim, not a fact
	}
	im.search = &search{c: im.c, params: params, since: since.Add(-clockSkew), budget: importBudget}
}

// searchOnce runs the search once. It returns the copy, where one was found that may be
// returned.
func (im *importing) searchOnce(limit walkLimit) *ImportedSession {
	if im.search == nil {
		return nil
	}
	im.searchErr = im.search.run(im.ctx, limit)
	s := im.search.choose()
	if s != nil {
		s.Earlier = !s.CreatedAt.IsZero() && s.CreatedAt.Before(im.search.since)
	}
	return s
}

// Seconds before each search for what an answer that was lost had made: the list may
// lag. Where two minimum retry waits are shorter than a second, they count instead.
var searchWaits = [...]int{0, 1, 3, 6}

// repeat searches until the copy is found, as long as it makes sense.
func (im *importing) repeat() *ImportedSession {
	unit := min(time.Second, 2*im.c.waitMin)
	for _, n := range searchWaits {
		if im.search == nil || !sleep(im.ctx, time.Duration(n)*unit) {
			return nil
		}
		if s := im.searchOnce(allPages); s != nil {
			return s
		}
		if im.search.spent() || denied(im.searchErr) {
			return nil
		}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) bool {
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
		}
	}
	return ctx.Err() == nil
}

// nameOthers searches for copies under other vendor data, to name them.
func (im *importing) nameOthers() {
	if im.search != nil && im.params.VendorData != "" && im.ctx.Err() == nil {
		im.search.nameOthers(im.ctx)
	}
}

// foundOthers reports whether the last search found a copy that may not be returned.
func (im *importing) foundOthers() bool {
	return im.search != nil && len(im.search.copies) > 0
}

func (im *importing) candidates() []string {
	if im.search == nil {
		return nil
	}
	return im.search.candidates()
}

func (im *importing) findParams() *FindImportedSessionParams {
	if im.search == nil {
		return nil
	}
	params := im.search.params
	return &params
}
