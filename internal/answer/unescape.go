package answer

import (
	"bytes"
	"strconv"
	"strings"
)

// unescaped is a text whose escapes are undone, with where each byte begins and ends
// in the text.
type unescaped struct {
	bytes    []byte
	from, to []int
}

// unescape undoes the escapes of HTML, URLs, JSON, JavaScript and Python, in any
// mixture and however often they were applied: what stands for a character is replaced
// as soon as its last byte is read, so that it can be part of another escape.
func unescape(s string) unescaped {
	u := unescaped{make([]byte, 0, len(s)), make([]int, 0, len(s)), make([]int, 0, len(s))}
	for i := range len(s) {
		u.push(s[i:i+1], i, i+1)
		for {
			n, character := lastEscape(u.bytes)
			if n == 0 {
				break
			}
			first := len(u.bytes) - n
			for u.isDoubled(first) {
				first--
			}
			from := u.from[first]
			u.bytes, u.from, u.to = u.bytes[:first], u.from[:first], u.to[:first]
			u.push(character, from, i+1)
		}
	}
	return u
}

// isDoubled reports whether byte i is a backslash with another before it that is
// written in the same way: each time a backslash is escaped there are twice as many.
func (u *unescaped) isDoubled(i int) bool {
	return i > 0 && u.bytes[i] == '\\' && u.bytes[i-1] == '\\' && u.to[i]-u.from[i] == u.to[i-1]-u.from[i-1]
}

func (u *unescaped) push(s string, from, to int) {
	for i := range len(s) {
		u.bytes, u.from, u.to = append(u.bytes, s[i]), append(u.from, from), append(u.to, to)
	}
}

// lastEscape returns the length of the escape at the end of b, and what it stands for.
// The length is 0 where there is none.
func lastEscape(b []byte) (length int, character string) {
	at := func(back int) byte {
		if back > len(b) {
			return 0
		}
		return b[len(b)-back] | 0x20 // in lower case
	}
	const backslash, percent = '\\' | 0x20, '%' | 0x20
	switch {
	case b[len(b)-1] == ';':
		return lastEntity(b)
	case b[len(b)-1] >= 0x80:
	case at(3) == percent, at(4) == backslash && at(3) == 'x':
		if c, err := strconv.ParseUint(string(b[len(b)-2:]), 16, 8); err == nil {
			length = 3
			if at(3) == 'x' {
				length = 4
			}
			return length, string([]byte{byte(c)})
		}
	case (at(6) == backslash || at(6) == percent) && at(5) == 'u':
		if c, err := strconv.ParseUint(string(b[len(b)-4:]), 16, 16); err == nil {
			return 6, string(rune(c))
		}
	}
	return 0, ""
}

const longestEntity = 34 // bytes; &CounterClockwiseContourIntegral; has 33

// lastEntity is lastEscape for HTML's. All names but a few stand for something that
// is not ASCII; which it is does not matter.
func lastEntity(b []byte) (length int, character string) {
	b = b[max(0, len(b)-longestEntity):]
	start := bytes.LastIndexByte(b, '&')
	if start < 0 || start > len(b)-3 {
		return 0, ""
	}
	length = len(b) - start
	name := string(bytes.ToLower(b[start+1 : len(b)-1]))
	if name[0] == '#' {
		number, base := name[1:], 10
		if len(number) > 0 && number[0] == 'x' {
			number, base = number[1:], 16
		}
		c, err := strconv.ParseInt(number, base, 32)
		if err != nil || number[0] == '-' || number[0] == '+' {
			return 0, ""
		}
		return length, string(rune(c))
	}
	switch name {
	case "amp":
		return length, "&"
	case "lt", "gt", "quot", "apos", "nbsp":
		return length, " "
	}
	if strings.ContainsFunc(name, func(c rune) bool { return !isLetter(c) }) {
		return 0, ""
	}
	return length, "\uFFFD"
}
