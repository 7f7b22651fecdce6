package bulk

import (
	"crypto/sha256"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// uuids match in any case.
var uuids = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// maxID bounds an id in bytes.
const maxID = 1 << 10

// checkID refuses an id that a Checkpoint could not keep as it is.
func checkID(id string) error {
	if len(id) > maxID || !utf8.ValidString(id) || strings.ContainsFunc(id, unicode.IsControl) {
		return refuse("ID", "must be text of at most 1,024 bytes, without control characters")
	}
	return nil
}

// fold makes one id of what names the same session.
func fold(id string) string {
	if uuids.MatchString(id) {
		return strings.ToLower(id)
	}
	return id
}

// digest stands for an id of any length. Among a billion ids, two share these 96 bits
// once in a hundred billion runs.
type digest [12]byte

func digestOf(id string) digest {
	sum := sha256.Sum256([]byte(id))
	return digest(sum[:12])
}

// ids are those that a run was told.
type ids map[digest]struct{}

// add refuses an id that was added before.
func (s ids) add(id string) error {
	n := len(s)
	if s[digestOf(id)] = struct{}{}; len(s) == n {
		return refuse("ID", "was told before in this run")
	}
	return nil
}
