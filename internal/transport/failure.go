package transport

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Failure is why an attempt brought no usable answer. Its text is this package's: what
// net/http, a decoder or a peer says may quote a URL, a key or a person. Causes
// whose own text is harmless can be unwrapped; any other can be asked for with
// errors.Is and errors.As, but not printed.
type Failure struct {
	text    string
	err     error
	open    bool // err's own text is harmless
	notSent bool // the kind of error says so
	final   bool // another attempt of this call would fail the same way
	lasting bool // so would another call
	cut     bool // an answer came, but not to its end
}

// Lasting reports whether a later call would fail the same way.
func (f *Failure) Lasting() bool { return f.lasting }

// Cut reports whether an answer came, but not to its end.
func (f *Failure) Cut() bool { return f.cut }

func (f *Failure) Error() string { return f.text }

// Format prints Error for every verb.
func (f *Failure) Format(s fmt.State, _ rune) { io.WriteString(s, f.text) }

// Unwrap returns the cause where its text may be printed.
func (f *Failure) Unwrap() error {
	if f.open {
		return f.err
	}
	return nil
}

// Is looks into a cause that cannot be unwrapped. The context's errors are the
// caller's own and never found in a failure: they stand beside it.
func (f *Failure) Is(target error) bool {
	if target == context.Canceled || target == context.DeadlineExceeded {
		return false
	}
	return !f.open && f.err != nil && errors.Is(f.err, target)
}

// As looks into a cause that cannot be unwrapped.
func (f *Failure) As(target any) bool {
	return !f.open && f.err != nil && errors.As(f.err, target)
}

// Final marks a decoder's error that the same answer would bring again.
func Final(err error) error {
	return &Failure{text: err.Error(), err: err, final: true, lasting: true}
}

// BadAnswer is a decoder's error in words that may be printed after "the answer".
func BadAnswer(text string) error { return &Failure{text: text} }

// diagnose turns an error of a RoundTripper into a Failure. own is the call's
// context, ctx the attempt's.
func diagnose(own, ctx context.Context, err error) *Failure {
	err = withoutURL(err)
	if err == nil {
		return &Failure{text: "the HTTP client returned neither an answer nor an error"}
	}
	if timedOut(own, ctx, err) {
		return &Failure{text: "no answer in time", err: os.ErrDeadlineExceeded, open: true, notSent: dialing(err)}
	}
	for _, k := range kinds {
		if cause, ok := k.match(err); ok {
			return &Failure{text: k.text, err: cause, open: k.open, notSent: k.notSent, final: k.final, lasting: k.lasting}
		}
	}
	return &Failure{text: fmt.Sprintf("the HTTP client failed before an answer came (%T)", err), err: err, notSent: dialing(err)}
}

// unreachable names the host that was dialled in front of why it could not be.
func unreachable(f *Failure, next http.RoundTripper, req *http.Request, err error) *Failure {
	named := *f
	named.text = dialled(next, req, err) + " could not be reached: " + f.text
	return &named
}

// dialled is the host that a connection was asked for: the proxy where there is one.
// Behind a RoundTripper of somebody else's only the error tells, by the proxy's address.
func dialled(next http.RoundTripper, req *http.Request, err error) string {
	if t, ok := next.(*http.Transport); ok && t.Proxy != nil {
		if proxy, err := t.Proxy(req); err == nil && proxy != nil {
			return "the proxy " + proxy.Host
		}
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "proxyconnect" {
		if dial, ok := errors.AsType[*net.OpError](op.Err); ok && dial.Addr != nil {
			return "the proxy " + dial.Addr.String()
		}
		return "the proxy"
	}
	return req.URL.Host
}

// timedOut is true for every timeout that is not the caller's: net's own timeout
// errors match context.DeadlineExceeded, which would speak of a context that lives.
func timedOut(own, ctx context.Context, err error) bool {
	if own.Err() == nil && ctx.Err() != nil {
		return true
	}
	var timeout net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, &timeout) && timeout.Timeout() && !isDNS(err)
}

// withoutURL takes the place of each *url.Error by what it wraps: it prints the
// query.
func withoutURL(err error) error {
	var ue *url.Error
	for errors.As(err, &ue) {
		err = ue.Err
	}
	return err
}

// dialing is true where no connection had been made yet.
func dialing(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect" || op.Op == "socks connect")
}

func isDNS(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns)
}

// kinds are the failures with a name, the first that matches wins.
var kinds = []struct {
	text                          string
	open, notSent, final, lasting bool
	match                         func(error) (cause error, ok bool)
}{
	{"the host is unknown", true, true, true, false, func(err error) (error, bool) {
		var dns *net.DNSError
		return dns, errors.As(err, &dns) && dns.IsNotFound
	}},
	{"the host could not be looked up", true, true, false, false, func(err error) (error, bool) {
		var dns *net.DNSError
		return dns, errors.As(err, &dns)
	}},
	{"the server's certificate is not trusted", false, true, true, true, func(err error) (error, bool) {
		var verify *tls.CertificateVerificationError
		var unknown x509.UnknownAuthorityError
		var name x509.HostnameError
		var invalid x509.CertificateInvalidError
		return err, errors.As(err, &verify) || errors.As(err, &unknown) || errors.As(err, &name) || errors.As(err, &invalid)
	}},
	{"the TLS handshake failed", false, true, false, false, func(err error) (error, bool) {
		var record tls.RecordHeaderError
		var alert tls.AlertError
		return err, errors.As(err, &record) || errors.As(err, &alert) || handshakeAlert(err)
	}},
	{"the proxy refused the connection", false, true, false, false, func(err error) (error, bool) {
		return err, refusedByProxy(err)
	}},
	{"the connection was refused", true, true, false, false, func(err error) (error, bool) {
		return operation(err), errors.Is(err, syscall.ECONNREFUSED)
	}},
	{"no connection could be made", false, true, false, false, func(err error) (error, bool) {
		return err, dialing(err)
	}},
	{"the HTTP/2 stream was reset before an answer came", false, false, false, false, func(err error) (error, bool) {
		// The type of net/http's own fills one of the same shape.
		var stream streamError
		return err, errors.As(err, &stream)
	}},
	{"the HTTP/2 connection was closed before an answer came", false, false, false, false, func(err error) (error, bool) {
		return err, strings.HasPrefix(err.Error(), "http2: ")
	}},
	{"the connection was reset before an answer came", true, false, false, false, func(err error) (error, bool) {
		return operation(err), errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
	}},
	{"the connection was closed before an answer came", true, false, false, false, func(err error) (error, bool) {
		cause := sentinel(err, io.ErrUnexpectedEOF, io.EOF, net.ErrClosed)
		return cause, cause != nil
	}},
}

// streamError has the shape of net/http's error for a stream that was reset.
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (streamError) Error() string { return "stream error" }

// handshakeAlert reports whether the server ended the handshake. Only crypto/tls
// knows the type of its alerts, so their words have to tell.
func handshakeAlert(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "remote error" && slices.ContainsFunc(handshakeWords, func(words string) bool {
		return strings.Contains(op.Err.Error(), words)
	})
}

var handshakeWords = []string{"handshake failure", "protocol version", "certificate", "insufficient security", "unrecognized name", "no application protocol"}

// refusedByProxy reports whether err is net/http's for a refused CONNECT: the text of
// the status, in a plain error.
func refusedByProxy(err error) bool {
	if errors.Unwrap(err) != nil {
		return false
	}
	for code := http.StatusMultipleChoices; code < 600; code++ {
		if text := http.StatusText(code); text != "" && text == err.Error() {
			return true
		}
	}
	return false
}

// operation returns the *net.OpError, whose text is addresses and a system error.
func operation(err error) error {
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op
	}
	no, _ := errors.AsType[syscall.Errno](err)
	return no
}

// sentinel returns the first of the list that err is.
func sentinel(err error, list ...error) error {
	for _, s := range list {
		if errors.Is(err, s) {
			return s
		}
	}
	return nil
}

// limited says that the caller's limiter let an attempt not begin.
func limited(err error) *Failure {
	return &Failure{text: fmt.Sprintf("the limiter did not let the request go out (%T)", err), err: err, notSent: true, final: true}
}

// errTooLarge is a body beyond its bound.
var errTooLarge = errors.New("the answer is larger than the limit")

// errWrite is a failure of the writer that a stream goes to.
type errWrite struct{ err error }

func (e errWrite) Error() string { return "the writer failed" }

func (e errWrite) Unwrap() error { return e.err }

// unreadable says why the body of a 2xx was of no use.
func unreadable(ctx context.Context, err error, status int) *Failure {
	prefix := "the answer (status " + strconv.Itoa(status) + ") "
	var f *Failure
	var w errWrite
	switch {
	case errors.As(err, &w):
		return &Failure{text: "the writer failed; Didit's answer was fine", err: w.err, final: true, lasting: true}
	case errors.As(err, &f):
		return &Failure{text: prefix + f.text, err: f.err, final: f.final, lasting: f.lasting}
	case errors.Is(err, errTooLarge):
		return &Failure{text: prefix + "is larger than the limit", err: err, open: true, final: true, lasting: true}
	case ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded):
		return &Failure{text: prefix + "did not end in time", err: os.ErrDeadlineExceeded, open: true, cut: true}
	}
	if read, ok := errors.AsType[readError](err); ok {
		if cause := sentinel(read.err, io.ErrUnexpectedEOF, io.EOF); cause != nil {
			return &Failure{text: prefix + "broke off", err: cause, open: true, cut: true}
		}
		return &Failure{text: prefix + "broke off", err: read.err, cut: true}
	}
	return &Failure{text: prefix + "could not be understood", err: err}
}
