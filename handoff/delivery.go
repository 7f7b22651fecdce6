package handoff

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/internal/transport"
)

// The bounds of the random wait between two attempts.
const (
	waitMin = 500 * time.Millisecond
	waitMax = 8 * time.Second
)

// usable reads a 200 and says what is wrong with it, in words of its own.
type usable func(header http.Header, body []byte) error

// delivery is one call of Send or Request.
type delivery struct {
	*poster
	id    string
	body  []byte
	until time.Time // the hand-off's end; zero: the context's alone
	read  usable

	attempts int
	sent     bool // something may have reached the other side
	status   int  // of the last answer
	code     string
	wait     time.Duration // what it asked for
	failure  error         // why there was none
	unusable error         // what is wrong with a 200
}

// run delivers until an answer ends the hand-off.
func (d *delivery) run(ctx context.Context) error {
	for {
		if d.over(0) {
			return d.unsettled(didit.ErrShareTokenExpired)
		}
		ended, err := d.attempt(ctx)
		if ended {
			return err
		}
		if err := ctx.Err(); err != nil {
			return d.unsettled(err)
		}
		wait := d.nextWait()
		d.logger.LogAttrs(ctx, slog.LevelWarn, "handoff: attempt failed, trying again",
			slog.String("action", string(d.action)), slog.String("id", d.id), slog.Int("attempt", d.attempts),
			slog.Int("status", d.status), slog.String("code", d.code), slog.Any("error", d.failure), slog.Duration("wait", wait))
		if d.over(wait) {
			return d.unsettled(didit.ErrShareTokenExpired)
		}
		if end, ok := ctx.Deadline(); ok && time.Until(end) <= wait {
			return d.unsettled(context.DeadlineExceeded)
		}
		if err := sleep(ctx, wait); err != nil {
			return d.unsettled(err)
		}
	}
}

// over reports whether the hand-off has ended by then.
func (d *delivery) over(wait time.Duration) bool {
	return !d.until.IsZero() && !d.now().Add(wait).Before(d.until)
}

// attempt makes one request: the same bytes under a new timestamp.
func (d *delivery) attempt(ctx context.Context) (ended bool, err error) {
	var header http.Header
	signed, err := sign(d.secrets, d.id, d.now(), d.body)
	if err != nil {
		return true, err
	}
	signed["Content-Type"] = []string{"application/json"}
	signed["Accept"] = []string{"application/json"}
	d.attempts++
	res := d.http.Do(context.WithValue(ctx, headerKey{}, &header), transport.Request{
		Operation: string(d.action), Class: transport.Repeatable, Method: http.MethodPost, URL: d.url, Header: signed, Body: d.body,
		Into: decoder(func(body []byte) error {
			d.unusable = d.read(header, body)
			return d.unusable
		}),
	})
	d.sent = d.sent || res.Status != 0 || res.Outcome != transport.NotSent
	d.status, d.code, d.wait, d.failure = res.Status, "", res.RetryAfter, res.Err
	switch {
	case res.OK:
		return true, nil
	case d.unusable != nil:
		return true, d.unsettled(d.unusable)
	case res.Err != nil && hopeless(res.Err):
		return true, d.unsettled(nil)
	case res.Status == 0:
		return false, nil
	}
	d.code = readCode(res.Body)
	passing := res.Status == http.StatusTooManyRequests || res.Status >= 500 &&
		res.Status != http.StatusNotImplemented && res.Status != http.StatusHTTPVersionNotSupported
	if passing {
		return false, nil
	}
	return true, &RefusedError{ID: d.id, Code: d.code, StatusCode: res.Status}
}

type decoder func([]byte) error

func (d decoder) Decode(_ int, body []byte) error { return d(body) }

// hopeless reports whether another attempt would fail the same way: an unknown host, a
// certificate that is not trusted.
func hopeless(err error) bool {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &dns) && dns.IsNotFound || errors.As(err, &certificate)
}

// readCode reads the code of an answer that is no success. It is another program's text.
func readCode(body []byte) string {
	var reply struct {
		Code string `json:"code"`
	}
	odd := func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }
	if json.Unmarshal(body, &reply) != nil || len(reply.Code) > 64 || strings.ContainsFunc(reply.Code, odd) {
		return ""
	}
	return reply.Code
}

// nextWait grows with the attempts, with full jitter, and is at least what the last
// answer asked for and a random part of it more.
func (d *delivery) nextWait() time.Duration {
	grown := waitMax
	if d.attempts < 5 {
		grown = waitMin << (d.attempts - 1)
	}
	return max(jitter(grown), d.wait+jitter(d.wait/4))
}

func jitter(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return rand.N(d) //nolint:gosec // spreads waits, decides nothing secret
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
	return ctx.Err()
}

// unsettled is the end of a delivery that no answer ended.
func (d *delivery) unsettled(why error) error {
	reasons := slices.DeleteFunc(failures{why, d.failure}, func(err error) bool { return err == nil })
	if d.unusable != nil {
		reasons = failures{d.unusable}
	}
	e := &UnsettledError{ID: d.id, NotSent: !d.sent, Attempts: d.attempts, StatusCode: d.status, Code: d.code, RetryAfter: d.wait}
	if len(reasons) > 0 {
		e.Err = reasons
	}
	return e
}

// finish records what became of a delivery. The hook's error withholds the result.
func (d *delivery) finish(ctx context.Context, e AuditEvent, err error) error {
	e.Action, e.Outcome, e.StatusCode, e.Attempts = d.action, AuditOK, d.status, d.attempts
	level, reason := slog.LevelInfo, ""
	refused, isRefused := errors.AsType[*RefusedError](err)
	switch {
	case isRefused:
		level, e.Outcome, reason = slog.LevelWarn, AuditRefused, "refused with code "+refused.Code
	case err != nil:
		level, e.Outcome, reason = slog.LevelWarn, AuditUnsettled, "no answer that ends it came in time"
	}
	e.Reason = reason
	d.logger.LogAttrs(ctx, level, "handoff: call ended", slog.String("action", string(d.action)), slog.String("id", d.id),
		slog.String("outcome", string(e.Outcome)), slog.Int("status", d.status), slog.Int("attempts", d.attempts), slog.String("reason", reason))
	if failed := d.record(ctx, e); failed != nil {
		return errors.Join(err, &UnrecordedError{ID: d.id, Err: failed})
	}
	return err
}
