package main

import (
	"context"
	"sync"

	"github.com/didit-go/didit"
)

// records are what is known of each session, and which ones have to be read. In real
// life they are a table of your database with these columns, and who has taken a
// session until when, since a reader may die. Each method is one statement.
type records struct {
	mu  sync.Mutex
	all map[string]*record
}

type record struct {
	status didit.SessionStatus
	marks  int  // how often somebody said that it has to be read
	done   int  // how many of those its last reading answers
	taken  bool // it is being read
}

func newRecords() *records { return &records{all: map[string]*record{}} }

// mark notes that a session has to be read. An error means that it is not noted.
func (r *records) mark(_ context.Context, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all[id] == nil {
		r.all[id] = &record{}
	}
	r.all[id].marks++
	return nil
}

// marked is a session that somebody reads. It answers the marks that were there before.
type marked struct {
	sessionID string
	marks     int
}

// take returns a session that has to be read and that nobody reads. One reader at a time
// is what keeps an older state from being stored over a newer one.
func (r *records) take() (m marked, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, one := range r.all {
		if one.marks > one.done && !one.taken {
			one.taken = true
			return marked{id, one.marks}, true
		}
	}
	return marked{}, false
}

// store keeps what was read. A mark that came meanwhile stays: the session is read again.
func (r *records) store(m marked, status didit.SessionStatus) {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.all[m.sessionID]
	one.status, one.done, one.taken = status, m.marks, false
}

// giveBack leaves a session to be read later.
func (r *records) giveBack(m marked) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all[m.sessionID].taken = false
}

// forget drops the record of a session that Didit does not have any more.
func (r *records) forget(m marked) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.all, m.sessionID)
}

// status is what is recorded of a session, "" for nothing.
func (r *records) status(id string) didit.SessionStatus {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.all[id] == nil {
		return ""
	}
	return r.all[id].status
}
