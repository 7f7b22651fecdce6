// Package answer reads what a server sent before it is believed: whether it is
// within bounds, what an error body says, and what must not be repeated from it.
package answer

const (
	smallBody   = 256 << 10 // bytes; smaller bodies are decoded as they are
	maxItems    = 10_000    // of one array in a larger body, and how deep it may be nested
	maxAllItems = 50_000    // of all its arrays together
)

// Bounded reports whether decoding the body stays in proportion to its size: a
// megabyte of "{},{},…" would become hundreds in memory. The body need not be
// valid JSON.
func Bounded(body []byte) bool {
	if len(body) <= smallBody {
		return true
	}
	type value struct {
		array bool
		items int
	}
	var open []value // arrays and objects, innermost last
	all := 0
	starts := false // an array's first item may come next
	for i := 0; i < len(body); i++ {
		c := body[i]
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			continue
		}
		if c == ',' || starts && c != ']' {
			if n := len(open); n > 0 && open[n-1].array {
				open[n-1].items++
				all++
				if open[n-1].items > maxItems || all > maxAllItems {
					return false
				}
			}
		}
		starts = c == '['
		switch c {
		case '"':
			i = stringEnd(body, i)
		case '[', '{':
			open = append(open, value{array: c == '['})
			if len(open) > maxItems {
				return false // deeper than any decoder goes
			}
		case ']', '}':
			if len(open) > 0 {
				open = open[:len(open)-1]
			}
		}
	}
	return true
}

// stringEnd returns where the string that starts at i ends.
func stringEnd(body []byte, i int) int {
	for i++; i < len(body) && body[i] != '"'; i++ {
		if body[i] == '\\' {
			i++
		}
	}
	return i
}
