package didittest

import (
	"fmt"
	"net/http"
)

// The options in this file settle what Didit's documentation leaves open or answers in two ways.

// WithSuccessStatus sets the status of a successful answer. Didit's documentation shows none for share (default 200), 200 and
// 201 for import (default 201), 201 for create, and 200 or 204 for delete (default 200; 204 has no body). It panics
// for [OpAny] and for a status outside 200 to 299, and for 204 or 205 on anything but a deletion.
func WithSuccessStatus(op Operation, status int) Option {
	if !op.known() {
		panic(fmt.Sprintf("didittest: unknown operation %q", op))
	}
	if status < 200 || status > 299 {
		panic(fmt.Sprintf("didittest: %d is not a success", status))
	}
	if bodyless(status) && op != OpDeleteSession {
		panic(fmt.Sprintf("didittest: %s answers with a body, %d has none", op, status))
	}
	return func(c *config) { c.success[op] = status }
}

func bodyless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusResetContent
}

// WithSourceInRows says whether rows of a list carry shared_from_session, null where the session was not imported. Default
// false: it is not among the documented fields of a row.
func WithSourceInRows(yes bool) Option { return func(c *config) { c.sourceInRows = yes } }

// WithSourceInDecision says whether the decision of an imported session that is read carries shared_from_session. Default true:
// the import page puts it on the session, though no sample of a decision shows it. With false no decision has the key.
func WithSourceInDecision(yes bool) Option { return func(c *config) { c.sourceInDecision = yes } }

// WithNullSource says whether a decision of a session that was not imported carries shared_from_session as null. Default
// false: a captured decision leaves the key out.
func WithNullSource(yes bool) Option { return func(c *config) { c.nullSource = yes } }

// WithInheritedVendorData says what an import without vendor_data gets: the source session's (true, the default, after a
// third-party wrapper and a digest of the OpenAPI description) or none.
func WithInheritedVendorData(yes bool) Option { return func(c *config) { c.inheritVendor = yes } }

// WithTrustReviewRequired refuses an import without trust_review. Default false: the newest page gives it a default of false,
// the OpenAPI description requires it.
func WithTrustReviewRequired(yes bool) Option { return func(c *config) { c.reviewRequired = yes } }

// WithoutTokenKind leaves session_kind out of share tokens and of share answers, as in the oldest sample. Didit then takes the
// token for a person's, so that a company's session cannot be imported with it.
func WithoutTokenKind() Option { return func(c *config) { c.kindlessTokens = true } }

// WithReimport says whether a session may be imported again once the copy was deleted. Default false. No source answers it.
func WithReimport(yes bool) Option { return func(c *config) { c.reimport = yes } }

// WithRepeatedImports lets an application import a session that it has imported before, again and again: a Didit that does not
// refuse a second import. Default false: a session is imported once per application.
func WithRepeatedImports(yes bool) Option { return func(c *config) { c.repeatedImports = yes } }

// WithImportWebhooks says whether an import sends status.updated to the receiving application. Default false. No source
// answers it.
func WithImportWebhooks(yes bool) Option { return func(c *config) { c.importWebhooks = yes } }

// WithPlainFieldErrors gives the reason under a field as a string instead of a list of strings. Default false. Didit
// documents both shapes and does not say which one share_token has.
func WithPlainFieldErrors(yes bool) Option { return func(c *config) { c.stringErrors = yes } }

// WithMaxPageSize lowers any larger limit of a list to n, silently. Default 0: no maximum is documented (one client refuses
// more than 100).
func WithMaxPageSize(n int) Option {
	if n < 0 {
		panic("didittest: a page size below 0")
	}
	return func(c *config) { c.maxPage = n }
}
