package didittest

import (
	"net/http"
	"slices"
)

// Operation names one call of Didit's API, as the client's errors name it.
type Operation string

// The operations that the stand-in answers.
const (
	// OpAny stands for every operation, in a [Fault] only.
	OpAny                 Operation = "Any"
	OpShareSession        Operation = "ShareSession"
	OpImportSharedSession Operation = "ImportSharedSession"
	OpGetSession          Operation = "GetSession"
	OpListSessions        Operation = "ListSessions"
	OpCreateSession       Operation = "CreateSession"
	OpUpdateSessionStatus Operation = "UpdateSessionStatus"
	OpDeleteSession       Operation = "DeleteSession"
	OpSessionPDF          Operation = "SessionPDF"
	OpListReviews         Operation = "ListReviews"
	OpCreateReview        Operation = "CreateReview"
	OpListWebhooks        Operation = "ListWebhooks"
)

// operation is everything that tells a call of the API from the others.
type operation struct {
	name   Operation
	method string
	path   string             // between /v3/ and the last slash; {id} is a session's
	status int                // of a success, where no option says otherwise
	allows func(*apiKey) bool // whether a scoped key may
	handle func(*call) answer
}

// operations are all of them. A new one is a row here, a name above and a file op_*.go with its handler.
var operations = []operation{
	{OpShareSession, http.MethodPost, "session/{id}/share", http.StatusOK, (*apiKey).writes, (*call).share},
	{OpImportSharedSession, http.MethodPost, "session/import-shared", http.StatusCreated, (*apiKey).writes, (*call).importShared},
	{OpGetSession, http.MethodGet, "session/{id}/decision", http.StatusOK, (*apiKey).decisions, (*call).decision},
	{OpListSessions, http.MethodGet, "sessions", http.StatusOK, (*apiKey).reads, (*call).list},
	{OpCreateSession, http.MethodPost, "session", http.StatusCreated, (*apiKey).writes, (*call).create},
	{OpUpdateSessionStatus, http.MethodPatch, "session/{id}/update-status", http.StatusOK, (*apiKey).writes, (*call).updateStatus},
	{OpDeleteSession, http.MethodDelete, "session/{id}/delete", http.StatusOK, (*apiKey).writes, (*call).remove},
	{OpSessionPDF, http.MethodGet, "session/{id}/generate-pdf", http.StatusOK, (*apiKey).reports, (*call).pdf},
	{OpListReviews, http.MethodGet, "sessions/{id}/reviews", http.StatusOK, (*apiKey).reads, (*call).listReviews},
	{OpCreateReview, http.MethodPost, "sessions/{id}/reviews", http.StatusCreated, (*apiKey).writes, (*call).createReview},
	{OpListWebhooks, http.MethodGet, "session/{id}/webhooks", http.StatusOK, (*apiKey).deliveries, (*call).listWebhooks},
}

// Operations returns every operation but [OpAny].
func Operations() []Operation {
	names := make([]Operation, len(operations))
	for i, op := range operations {
		names[i] = op.name
	}
	return names
}

func (o Operation) known() bool { return slices.Contains(Operations(), o) }

// reads says that the operation changes nothing.
func (o Operation) reads() bool {
	return slices.ContainsFunc(operations, func(op operation) bool { return op.name == o && op.reads() })
}

func (op *operation) reads() bool { return op.method == http.MethodGet }
