package didittest

// Dialect chooses which generation of Didit's documentation the stand-in speaks. The documentation exists in several ages
// that disagree, and no call can tell which of them the live service follows.
type Dialect string

// The dialects. What they do not name is the same in all.
const (
	// DialectNewest follows the pages of October and November 2026. An import answers with a short object. A refused share
	// token is status 400 with the reason under share_token. A wrong key is 401, a missing one 403. A deletion answers 200.
	DialectNewest Dialect = "newest"
	// DialectDecision follows the descriptions of mid-2026. An import answers with the whole decision and shared_from_session.
	// A refused share token is 401 (invalid or expired), 403 (for another application) or 404 (source gone). A wrong key is 403
	// as well, on the share call 401. The answers to create and update-status name the kind. A review sets the status.
	DialectDecision Dialect = "decision"
	// DialectSingular follows the oldest samples. Decisions of people have singular keys (id_verification, ...), on import,
	// read and in webhooks; share answers and tokens of people do not name the kind; a TTL may be a string of digits. Refused
	// tokens are mapped as by [DialectDecision], a bad key is 401 throughout, a deletion answers 204, a review sets the status.
	DialectSingular Dialect = "singular"
)

// Dialects returns every dialect, the newest first.
func Dialects() []Dialect { return []Dialect{DialectNewest, DialectDecision, DialectSingular} }

func (d Dialect) known() bool {
	return d == DialectNewest || d == DialectDecision || d == DialectSingular
}

// older says that errors follow the pages before October 2026.
func (d Dialect) older() bool { return d != DialectNewest }
