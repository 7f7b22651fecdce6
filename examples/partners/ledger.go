package main

import (
	"context"
	"encoding/csv"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/handoff"
)

// ledger is what one side was told of its hand-offs. In production it is a table that
// outlives the program.
type ledger struct {
	names map[string]string
	self  string
	mu    sync.Mutex
	rows  []row
}

// row is a hand-off as a compliance officer reads it: neither the person nor the token.
type row struct {
	Time, Action, Partner, Reference, Purpose, Outcome, Source, Copy, Token, ID, Reason string
}

const maxRows = 10_000

func (l *ledger) add(_ context.Context, e handoff.AuditEvent) error {
	partner := e.FromApplicationID
	if partner == l.self {
		partner = e.ForApplicationID
	}
	name := l.names[partner]
	if name == "" {
		name = "nobody that is known" // not signed by a partner
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows = append(l.rows, row{
		Time: e.Time.Format(time.DateTime), Action: string(e.Action), Partner: name, Reference: e.Reference, Purpose: e.Purpose,
		Outcome: string(e.Outcome), Source: e.SourceSessionID, Copy: e.SessionID, Token: e.TokenFingerprint, ID: e.ID, Reason: e.Reason,
	})
	if len(l.rows) > maxRows {
		l.rows = slices.Delete(l.rows, 0, len(l.rows)-maxRows)
	}
	return nil
}

// imported adds the copy of a token that was asked for: a grant comes before its import.
func (l *ledger) imported(_ context.Context, e didit.AuditEvent) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.rows {
		if r := &l.rows[i]; r.Token == e.TokenFingerprint && r.Copy == "" {
			r.Copy = e.SessionID
		}
	}
	return nil
}

// find returns the newest first; an empty filter takes all.
func (l *ledger) find(partner, outcome string) []row {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []row
	for _, r := range slices.Backward(l.rows) {
		if (partner == "" || r.Partner == partner) && (outcome == "" || r.Outcome == outcome) {
			found = append(found, r)
		}
	}
	return found
}

// partners are those that there is something about.
func (l *ledger) partners() []string {
	var names []string
	for _, r := range l.find("", "") {
		names = append(names, r.Partner)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func writeCSV(w io.Writer, rows []row) error {
	out := csv.NewWriter(w)
	all := [][]string{{"time (UTC)", "action", "partner", "reference", "purpose", "outcome", "source session", "copy", "token fingerprint", "id", "reason"}}
	for _, r := range rows {
		all = append(all, []string{r.Time, r.Action, r.Partner, plain(r.Reference), plain(r.Purpose), r.Outcome, r.Source, r.Copy, r.Token, plain(r.ID), r.Reason})
	}
	return out.WriteAll(all)
}

// plain keeps a spreadsheet from taking a partner's text for a formula.
func plain(s string) string {
	if s != "" && strings.Contains("=+-@\t\r", s[:1]) {
		return "'" + s
	}
	return s
}
