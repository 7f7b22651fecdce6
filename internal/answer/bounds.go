// Package answer reads what a server sent before it is believed: whether it is
// within bounds, what an error body says, and what must not be repeated from it.
package answer

const (
	smallBody = 256 << 10 // bodies up to this size are decoded as they are
	maxItems  = 10_000    // the longest array in a larger one
)

// Bounded reports whether decoding the body stays in proportion to its size: a
// megabyte of "{},{},…" would become hundreds in memory. The body need not be
// valid JSON.
func Bounded(body []byte) bool {
	if len(body) <= smallBody {
		return true
	}
	var commas []int // of each open array or object, innermost last
	inString := false
	for i := 0; i < len(body); i++ {
		c := body[i]
		if inString {
			switch c {
			case '\\':
				i++
			case '"':
				inString = false
			}
			continue
		}
		switch c {
		case '"':
			inString = true
		case '[':
			commas = append(commas, 0)
		case '{':
			commas = append(commas, -len(body)) // members are not counted
		case ']', '}':
			if len(commas) > 0 {
				commas = commas[:len(commas)-1]
			}
		case ',':
			if n := len(commas); n > 0 {
				if commas[n-1]++; commas[n-1] >= maxItems {
					return false
				}
			}
		}
		if len(commas) > maxItems {
			return false // deeper than any decoder goes
		}
	}
	return true
}
