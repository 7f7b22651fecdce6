package webhook

import (
	"net/http"
	"time"
)

// Authenticate opens the check of the signature to the benchmarks: decoding is not
// part of it.
func (v *Verifier) Authenticate(header http.Header, body []byte) error {
	buf, _ := buffers.Get().(*[]byte)
	defer release(buf)
	_, err := v.signed(header, body, buf)
	return err
}

// NewMemoryStoreAt makes a memory store with a clock of its own.
func NewMemoryStoreAt(capacity int, now func() time.Time) DeliveryStore {
	s, _ := NewMemoryStore(capacity).(*memoryStore)
	s.now = now
	return s
}
