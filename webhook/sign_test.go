package webhook_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestSign makes what Didit documents.
func TestSign(t *testing.T) {
	t.Parallel()
	body := []byte(`{"webhook_type":"status.updated","timestamp":1795521600,"status":"Approved","session_id":"s1","n":1.0,"name":"\u00e9"}`)
	h := sign(t, body)
	assert.Equal(t, "1795521600", h.Get("X-Timestamp"))
	assert.Equal(t, rawSignature(t, body), h.Get("X-Signature"))
	assert.Equal(t, rawSignature(t, []byte(`{"n":1,"name":"é","session_id":"s1","status":"Approved","timestamp":1795521600,"webhook_type":"status.updated"}`)),
		h.Get("X-Signature-V2"))
	assert.Equal(t, rawSignature(t, []byte("1795521600:s1:Approved:status.updated")), h.Get("X-Signature-Simple"))
}
