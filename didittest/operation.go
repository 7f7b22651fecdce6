package didittest

import "slices"

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

// Operations returns every operation but [OpAny].
func Operations() []Operation {
	return []Operation{
		OpShareSession, OpImportSharedSession, OpGetSession, OpListSessions, OpCreateSession,
		OpUpdateSessionStatus, OpDeleteSession, OpSessionPDF, OpListReviews, OpCreateReview, OpListWebhooks,
	}
}

func (o Operation) known() bool { return slices.Contains(Operations(), o) }

// reads says that the operation changes nothing.
func (o Operation) reads() bool {
	switch o {
	case OpGetSession, OpListSessions, OpSessionPDF, OpListReviews, OpListWebhooks:
		return true
	}
	return false
}
