package webhook

import "net/http"

// Authenticate opens the check of the signature to the benchmarks: decoding is not
// part of it.
func (v *Verifier) Authenticate(header http.Header, body []byte) error {
	buf, _ := texts.Get().(*[]byte)
	_, err := v.authenticate(header, body, buf)
	texts.Put(buf)
	return err
}
