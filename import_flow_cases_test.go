package didit_test

import (
	"io"
	"net/http"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/testkit"
)

func answeredFlows() []flow {
	return []flow{
		{name: "201", account: posting(answer(201, created201)), id: testkit.CopyID, posts: 1},
		{name: "the key's 401", account: posting(answer(401, `{"detail":"Invalid API key."}`), copyOf(vendor)), status: 401, is: []error{didit.ErrUnauthorized}, posts: 1},
		{name: "the key's 403", account: posting(answer(403, `{"detail":"Authentication credentials were not provided."}`), copyOf(vendor)), status: 403, is: []error{didit.ErrUnauthorized}, posts: 1},
		{name: "bad fields", account: posting(answer(400, `{"vendor_data":["Too long."]}`), copyOf(vendor)), status: 400, posts: 1},
		{name: "rate limited", account: posting(func() (*http.Response, error) {
			r, err := answer(429, "")()
			r.Header.Set("Retry-After", "61")
			return r, err
		}, copyOf(vendor)), status: 429, is: []error{didit.ErrRateLimited}, posts: 1},
	}
}

// lostFlows have no usable answer.
func lostFlows() []flow {
	unknown := func(name string, f flow) flow {
		f.name, f.posts = name, 1
		if f.outcome == "" {
			f.outcome = didit.OutcomeUnknown
		}
		return f
	}
	return []flow{
		{name: "lost, copy found", account: posting(lost, copyOf(vendor)), id: testkit.CopyID, recovered: true, posts: 1, lists: 1, reads: 1},
		{name: "lost, the row carries the source", account: posting(lost,
			made(func(s *bSession) { s.id, s.rowSource = testkit.SecondCopyID, testkit.OtherSourceID }), made(func(s *bSession) { s.rowSource, s.source = testkit.SourceID, "" })),
			id: testkit.CopyID, recovered: true, posts: 1, lists: 1, reads: 1},
		{name: "lost, several copies: the lowest number", account: posting(lost, made(func(s *bSession) { s.id, s.number = testkit.SecondCopyID, 9 }), copyOf(vendor)),
			id: testkit.CopyID, recovered: true, posts: 1, lists: 1, reads: 2},
		{name: "lost, one of hundreds of sessions", account: posting(lost, append(many(400, "-"), copyOf(vendor))...),
			id: testkit.CopyID, recovered: true, posts: 1, lists: 9, reads: 401},
		{name: "lost, white space around vendor data", account: posting(lost, copyOf(vendor)),
			params: func(p *didit.ImportSharedSessionParams) { p.VendorData = " " + vendor + "\n" },
			id:     testkit.CopyID, recovered: true, posts: 1, lists: 1, reads: 1},
		{name: "lost, a copy of long ago", account: posting(lost, made(func(s *bSession) { s.created = time.Now().Add(-6 * time.Minute) })),
			id: testkit.CopyID, recovered: true, earlier: true, posts: 1, lists: 1, reads: 1},
		{name: "lost, a row of old before it", account: posting(lost,
			made(func(s *bSession) {
				s.id, s.source, s.created = testkit.SecondCopyID, "-", time.Now().Add(-240*time.Hour)
			}), copyOf(vendor)),
			id: testkit.CopyID, recovered: true, posts: 1, lists: 1, reads: 2},
		{name: "503, copy found", account: posting(answer(503, ""), copyOf(vendor)), id: testkit.CopyID, recovered: true, posts: 1, lists: 1, reads: 1},
		{name: "a page with 200, copy found", account: posting(answer(200, "<html>"), copyOf(vendor)), id: testkit.CopyID, recovered: true, posts: 1, lists: 1, reads: 1},

		unknown("lost, nothing was made", flow{account: posting(lost), is: []error{didit.ErrOutcomeUnknown, io.ErrUnexpectedEOF}, lists: 4, waited: wholeSearch}),
		unknown("500", flow{account: posting(answer(500, "<html>")), is: []error{didit.ErrServer}, answer: 500, lists: 4, waited: wholeSearch}),
		unknown("JSON that breaks off", flow{account: posting(answer(201, `{"session_id":`)), outcome: didit.OutcomeResultLost, lists: 4, waited: wholeSearch}),
		unknown("JSON without an id", flow{account: posting(answer(201, `{}`)), outcome: didit.OutcomeResultLost, lists: 4, waited: wholeSearch}),
		unknown("a page with 200", flow{account: posting(answer(200, "<html>Sign in</html>")), isNot: []error{didit.ErrResultLost}, lists: 4, waited: wholeSearch}),
		unknown("nothing with 201", flow{account: posting(answer(201, "")), lists: 4, waited: wholeSearch}),
		unknown("lost, other sessions of the same customer", flow{account: posting(lost, from(testkit.OtherSourceID), made(func(s *bSession) { s.source = "-" })),
			lists: 4, reads: 2, waited: wholeSearch}),
		unknown("lost, a session of before that names no source", flow{account: posting(lost, made(func(s *bSession) { s.source, s.created = "", time.Now().Add(-6*time.Minute) })),
			lists: 4, reads: 1, waited: wholeSearch}),
		unknown("lost, a young session that names no source", flow{account: posting(lost, unsourced()), candidate: []string{testkit.CopyID}, lists: 4, reads: 1, waited: wholeSearch}),
		unknown("lost, row and decision contradict each other", flow{account: posting(lost, made(func(s *bSession) { s.rowSource, s.source = testkit.SourceID, testkit.OtherSourceID })),
			candidate: []string{testkit.CopyID}, lists: 4, reads: 1, waited: wholeSearch}),
		unknown("lost, a decision that this key may not read", flow{account: posting(lost, made(func(s *bSession) { s.decision = 403 }), from(testkit.OtherSourceID)),
			candidate: []string{testkit.CopyID}, lists: 4, reads: 2, waited: wholeSearch}),
		unknown("lost, the copy's decision has other vendor data", flow{account: posting(lost, made(func(s *bSession) { s.decisionVendor = "somebody" })),
			candidate: []string{testkit.CopyID}, lists: 4, reads: 1, waited: wholeSearch}),
		unknown("lost, without vendor data nothing is returned", flow{params: noVendor, account: posting(lost, copyOf("")),
			candidate: []string{testkit.CopyID}, lists: 4, reads: 1, waited: wholeSearch}),
		unknown("lost, the search is forbidden", flow{account: func(a *account) { a.post, a.list = posts(lost), answer(403, generic403) },
			isNot: []error{didit.ErrForbidden}, searchErr: true, lists: 1}),
		unknown("lost, the token's claims cannot be read", flow{token: opaque, account: posting(lost, copyOf(vendor)), searchErr: true, noFind: true, final: true}),
		unknown("lost, more pages than may be read", flow{account: posting(lost, rows(many(2000, "-"))...), searchErr: true, final: true, lists: 25}),
		unknown("lost, more decisions than may be read", flow{account: posting(lost, many(600, testkit.OtherSourceID)...), searchErr: true, final: true, lists: 11, reads: 500,
			candidate: []string{"0d7f9a3c-25c4-4e0c-8a55-000000000500"}}),
		{name: "lost, the list lags", account: func(a *account) {
			a.post = posts(lost)
			calls := 0
			a.list = func() (*http.Response, error) {
				if calls++; calls == 3 {
					a.list, a.sessions = nil, []bSession{copyOf(vendor)}
				}
				return answer(http.StatusOK, `{"next":null,"results":[]}`)()
			}
		}, id: testkit.CopyID, recovered: true, posts: 1, lists: 4, reads: 1, waited: wholeSearch},
	}
}

// refusedFlows are answered with a refusal of the token or the workflow.
func refusedFlows() []flow {
	return []flow{
		{name: "refused, but an earlier call had made it", account: posting(answer(400, badToken400), copyOf(vendor)), id: testkit.CopyID, recovered: true, posts: 1, lists: 1, reads: 1},
		{name: "refused by the token's 401 of older pages", account: posting(answer(401, `{"detail":"Invalid share token."}`), copyOf(vendor)),
			id: testkit.CopyID, recovered: true, posts: 1, lists: 1, reads: 1},
		{name: "refused, nothing found", account: posting(answer(400, badToken400)), status: 400, is: []error{didit.ErrShareTokenInvalid}, posts: 1, lists: 1},
		{name: "refused, other words with 400", account: posting(answer(400, `{"share_token":["This token has already been used to import."]}`)),
			status: 400, isNot: []error{didit.ErrAlreadyImported}, posts: 1, lists: 1},
		{name: "refused, no permission", account: posting(answer(403, generic403), many(120, "-")...), status: 403, is: []error{didit.ErrForbidden}, posts: 1, lists: 1, reads: 20},
		{name: "refused, the workflow is not found", account: posting(answer(404, `{"detail":"Workflow not found."}`), many(120, "-")...),
			status: 404, is: []error{didit.ErrWorkflowNotFound}, posts: 1, lists: 1, reads: 20},
		{name: "refused, the workflow is for the other kind", account: posting(answer(400, `{"workflow_id":["Wrong kind."]}`)),
			status: 400, is: []error{didit.ErrWorkflowKindMismatch}, posts: 1, lists: 1},
		{name: "refused, and so is the search", account: func(a *account) { a.post, a.list = posts(answer(400, badToken400)), answer(403, generic403) },
			status: 400, is: []error{didit.ErrShareTokenInvalid}, isNot: []error{didit.ErrForbidden}, posts: 1, lists: 1},
		{name: "refused, and the list is a 404", account: func(a *account) { a.post, a.list = posts(answer(400, badToken400)), answer(404, "") },
			status: 400, isNot: []error{didit.ErrNotFound}, posts: 1, lists: 1},
		{name: "refused, a row whose decision is gone", account: posting(answer(400, badToken400), made(func(s *bSession) { s.decision = 404 })), status: 400, posts: 1, lists: 1, reads: 1},
		{name: "refused, a session that names no source", account: posting(answer(400, badToken400), unsourced()), status: 400, posts: 1, lists: 1, reads: 1},
		{name: "a forged token without vendor data costs no search", params: noVendor, account: posting(answer(400, badToken400), elseones()), status: 400, posts: 1},
		{name: "a forged token costs little", account: posting(answer(400, badToken400), many(600, "-")...), status: 400, posts: 1, lists: 1, reads: 20},
		{name: "a token that claims to live for a week is not searched for", token: func() didit.ShareToken {
			return tokenOf(map[string]any{"exp": time.Now().Add(7 * 24 * time.Hour).Unix()})
		}, account: posting(answer(400, badToken400), copyOf(vendor)), status: 400, posts: 1},
		{name: "refused, a copy that may not be returned is named", account: posting(answer(400, badToken400), made(func(s *bSession) { s.decisionVendor = "somebody" })),
			outcome: didit.OutcomeAlreadyImported, answer: 400, candidate: []string{testkit.CopyID}, is: []error{didit.ErrAlreadyImported, didit.ErrShareTokenInvalid},
			isNot: []error{didit.ErrResultLost}, posts: 1, lists: 1, reads: 1},
	}
}

// elsewhereFlows are answered by something that is not Didit's application.
func elsewhereFlows() []flow {
	var all []flow
	for _, a := range []struct {
		status int
		body   string
	}{
		{301, ""}, {302, `{"detail":"Found."}`}, {307, ""}, {401, `{"detail":"Invalid`}, {403, "<html>Blocked</html>"}, {403, ""}, {404, "<html>"},
		{405, `{"detail":"Method not allowed."}`}, {407, `{}`}, {421, `{}`}, {426, `{}`}, {451, `{}`}, {511, "<html>"},
	} {
		name := http.StatusText(a.status) + " " + a.body
		all = append(all,
			flow{name: name, account: posting(answer(a.status, a.body), copyOf(vendor)), status: a.status, posts: 1},
			flow{name: name + ", resume", params: resume, account: posting(answer(a.status, a.body)), outcome: didit.OutcomeUnknown, answer: a.status, posts: 1, lists: 1},
		)
	}
	return all
}

// alreadyFlows are answered with "already imported".
func alreadyFlows() []flow {
	already := func(name string, f flow) flow {
		f.name, f.outcome, f.posts, f.answer = name, didit.OutcomeAlreadyImported, 1, 403
		f.is, f.isNot = []error{didit.ErrAlreadyImported}, []error{didit.ErrResultLost, didit.ErrOutcomeUnknown}
		return f
	}
	refusal := answer(403, already403)
	return []flow{
		{name: "already imported, copy found", account: posting(refusal, copyOf(vendor)), id: testkit.CopyID, recovered: true, posts: 1, lists: 1, reads: 1},
		already("already imported, not found", flow{account: posting(refusal), lists: 5, waited: wholeSearch}),
		already("already imported, deleted since", flow{account: posting(refusal, made(func(s *bSession) { s.decision = 404 })), lists: 5, reads: 4, waited: wholeSearch}),
		already("already imported, under another customer, rows say so", flow{account: posting(refusal, elseInRow()), candidate: []string{testkit.CopyID}, lists: 5, waited: wholeSearch}),
		already("already imported, under another customer, rows do not say so", flow{account: posting(refusal, elseones()), lists: 5, waited: wholeSearch}),
		already("already imported, without vendor data", flow{params: noVendor, account: posting(refusal, copyOf("anything")),
			candidate: []string{testkit.CopyID}, lists: 4, reads: 1, waited: wholeSearch}),
		already("already imported, a search that may not be made", flow{account: func(a *account) { a.post, a.list = posts(refusal), answer(403, generic403) },
			searchErr: true, final: true, lists: 2}),
		already("already imported, resume: no more to know", flow{params: resume, account: posting(refusal), final: true, lists: 6, waited: wholeSearch}),
		{name: "not already imported: credits", account: posting(answer(402, `{"detail":"Your credits are already used up by imports."}`)), status: 402,
			isNot: []error{didit.ErrAlreadyImported}, posts: 1, lists: 1},
		{name: "not already imported: another thing exists", account: posting(answer(409, `{"detail":"This email already exists. Imports are paused."}`)), status: 409,
			isNot: []error{didit.ErrAlreadyImported}, posts: 1, lists: 1},
		{name: "already imported with 409", account: posting(answer(409, `{"code":"already_imported","detail":"No."}`), copyOf(vendor)),
			id: testkit.CopyID, recovered: true, posts: 1, lists: 1, reads: 1},
	}
}

// resumeFlows search before they send.
func resumeFlows() []flow {
	return []flow{
		{name: "resume, found", params: resume, account: has(copyOf(vendor)), id: testkit.CopyID, recovered: true, lists: 1, reads: 1},
		{name: "resume, not found: sent", params: resume, account: posting(answer(201, created201)), id: testkit.CopyID, posts: 1, lists: 1},
		{name: "resume, a copy that may not be returned: nothing is sent", params: resume, account: has(made(func(s *bSession) { s.decisionVendor = "somebody" })),
			outcome: didit.OutcomeAlreadyImported, is: []error{didit.ErrAlreadyImported}, candidate: []string{testkit.CopyID}, final: true, lists: 1, reads: 1},
		{name: "resume without vendor data: named, nothing is sent", params: resumeNoVendor, account: has(elseones()),
			outcome: didit.OutcomeAlreadyImported, candidate: []string{testkit.CopyID}, final: true, lists: 1, reads: 1},
		{name: "resume, a young session without a source: sent", params: resume, account: posting(answer(201, created201), from("")), id: testkit.CopyID, posts: 1, lists: 1, reads: 1},
		{name: "resume, refused: an earlier one may be under way", params: resume, account: posting(answer(400, badToken400)),
			outcome: didit.OutcomeUnknown, answer: 400, is: []error{didit.ErrShareTokenInvalid}, posts: 1, lists: 2},
		{name: "resume, refused, the key's 401", params: resume, account: posting(answer(401, `{"detail":"Invalid API key."}`)),
			outcome: didit.OutcomeUnknown, answer: 401, is: []error{didit.ErrUnauthorized}, posts: 1, lists: 1},
		{name: "resume, the search may not be made: sent", params: resume, account: func(a *account) {
			a.list, a.post = answer(403, generic403), posts(answer(201, created201))
		}, id: testkit.CopyID, posts: 1, lists: 1},
		{name: "resume, the search may not be made, refused: nothing would change", params: resume, account: func(a *account) {
			a.list, a.post = answer(403, generic403), posts(answer(400, badToken400))
		}, outcome: didit.OutcomeUnknown, answer: 400, searchErr: true, final: true, posts: 1, lists: 2},
		{name: "resume, the search fails: nothing is sent", params: resume, account: func(a *account) { a.list = answer(400, `{"detail":"no"}`) },
			outcome: didit.OutcomeUnknown, searchErr: true, lists: 1},
		{name: "resume, more than may be read: nothing is sent", params: resume, account: has(many(600, testkit.OtherSourceID)...),
			outcome: didit.OutcomeUnknown, searchErr: true, final: true, lists: 11, reads: 500, candidate: []string{"0d7f9a3c-25c4-4e0c-8a55-000000000500"}},
		{name: "resume, claims that cannot be read: sent, for Didit redeems it once", params: resume, token: opaque, account: posting(answer(400, badToken400)),
			outcome: didit.OutcomeUnknown, answer: 400, searchErr: true, noFind: true, final: true, posts: 1},
		{name: "resume without vendor data: the walk ends after a page of older rows", params: resumeNoVendor, account: func(a *account) {
			old := many(500, testkit.OtherSourceID)
			for i := range old {
				old[i].created = time.Now().Add(-6 * time.Minute)
			}
			// Out of order by time, which proves nothing.
			a.post, a.sessions = posts(answer(201, created201)), append([]bSession{old[0], from(testkit.OtherSourceID)}, old[1:]...)
		}, id: testkit.CopyID, posts: 1, lists: 2, reads: 1},
	}
}

// expiredFlows are of tokens that are not sent any more.
func expiredFlows() []flow {
	refused := []error{didit.ErrShareTokenExpired, didit.ErrInvalidParams}
	return []flow{
		{name: "expired", token: tokenExpired(time.Minute), account: has(copyOf(vendor)), is: refused},
		{name: "expired within the clocks' difference", token: tokenExpired(20 * time.Second), account: posting(answer(201, created201)), id: testkit.CopyID, posts: 1},
		{name: "expired, resume, found", params: resume, token: tokenExpired(time.Minute), account: has(copyOf(vendor)), id: testkit.CopyID, recovered: true, lists: 1, reads: 1},
		{name: "expired, resume: one may be under way", params: resume, token: tokenExpired(9 * time.Minute), account: has(),
			outcome: didit.OutcomeUnknown, is: []error{didit.ErrShareTokenExpired}, isNot: []error{didit.ErrInvalidParams}, lists: 1},
		{name: "expired for ten minutes, resume: the last word", params: resume, token: tokenExpired(11 * time.Minute), account: has(),
			is: refused, isNot: []error{didit.ErrOutcomeUnknown}, lists: 1},
		{name: "expired for ten minutes, resume, a candidate", params: resume, token: tokenExpired(11 * time.Minute), account: has(unsourced()),
			outcome: didit.OutcomeUnknown, isNot: []error{didit.ErrInvalidParams}, candidate: []string{testkit.CopyID}, final: true, lists: 1, reads: 1},
		{name: "expired for ten minutes, resume, the search fails for now", params: resume, token: tokenExpired(11 * time.Minute),
			account: func(a *account) { a.list = answer(501, "") }, outcome: didit.OutcomeUnknown, searchErr: true, lists: 1},
		{name: "expired for a day, resume, the search fails", params: resume, token: tokenExpired(25 * time.Hour),
			account: func(a *account) { a.list = answer(501, "") }, outcome: didit.OutcomeUnknown, searchErr: true, final: true, lists: 1},
		{name: "expired, resume, the copy is another customer's", params: resume, token: tokenExpired(time.Minute), account: has(made(func(s *bSession) { s.decisionVendor = "somebody" })),
			outcome: didit.OutcomeAlreadyImported, is: []error{didit.ErrAlreadyImported}, candidate: []string{testkit.CopyID}, final: true, lists: 1, reads: 1},
	}
}
