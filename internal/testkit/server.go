package testkit

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/didit-go/didit"
)

// Client makes a client that does not wait between tries.
func Client(t testing.TB, rt http.RoundTripper, opts ...didit.Option) *didit.Client {
	t.Helper()
	all := []didit.Option{didit.WithAPIKey(APIKey), didit.WithRetryWait(0, 0), didit.WithHTTPClient(&http.Client{Transport: rt})}
	c, err := didit.NewClient(append(all, opts...)...)
	require.NoError(t, err)
	return c
}

// RoundTripper is an [http.RoundTripper] made of a function.
type RoundTripper func(r *http.Request) (*http.Response, error)

// RoundTrip calls f.
func (f RoundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Answer is the response to r with this status and body.
func Answer(r *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{},
		ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}
}

// Seen is one request as it arrived.
type Seen struct {
	Method, URL, Body string
	Header            http.Header
}

// Recorder answers every request alike and keeps what arrived.
func Recorder(seen *[]Seen, status int, body string) RoundTripper {
	return func(r *http.Request) (*http.Response, error) {
		s := Seen{Method: r.Method, URL: r.URL.String(), Header: r.Header.Clone()}
		if r.Body != nil {
			data, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			s.Body = string(data)
		}
		*seen = append(*seen, s)
		return Answer(r, status, body), nil
	}
}

// Mock answers what is registered and fails the test for all else.
func Mock(t testing.TB) *httpmock.MockTransport {
	t.Helper()
	m := httpmock.NewMockTransport()
	m.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		assert.Fail(t, "unexpected request", "%s %s", r.Method, r.URL)
		return httpmock.NewStringResponse(http.StatusTeapot, ""), nil
	})
	return m
}

// Server serves on a real socket. No connection is used twice, so that net/http
// replays nothing by itself.
func Server(t testing.TB, h http.HandlerFunc) (*httptest.Server, *http.Transport) {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	tr := &http.Transport{DisableKeepAlives: true}
	t.Cleanup(tr.CloseIdleConnections)
	return srv, tr
}
