package main

import (
	"errors"
	"time"
)

// timeFlag is a flag's time: RFC 3339, or a day in UTC.
type timeFlag time.Time

// Set reads the flag's text.
func (t *timeFlag) Set(text string) error {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			*t = timeFlag(at)
			return nil
		}
	}
	return errors.New("must be as 2026-11-26 or 2026-11-26T15:04:05Z")
}

// String is what Set reads.
func (t *timeFlag) String() string {
	if time.Time(*t).IsZero() {
		return ""
	}
	return time.Time(*t).Format(time.RFC3339)
}

// Type is the flag's name in a usage.
func (*timeFlag) Type() string { return "time" }
