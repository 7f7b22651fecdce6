package didittest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/didit-go/didit"
)

// application finds one by id or name; empty is fallback.
func (c *control) application(idOrName string, fallback *Application) (*Application, error) {
	if idOrName == "" && fallback != nil {
		return fallback, nil
	}
	apps := c.server.Applications()
	names := make([]string, 0, len(apps))
	for _, a := range apps {
		if a.ID == strings.ToLower(idOrName) || a.Name == idOrName {
			return a, nil
		}
		names = append(names, a.Name+" "+a.ID)
	}
	return nil, refuse(http.StatusNotFound, "no such application: %q; give a name or an id", idOrName).with("applications", names)
}

// owner finds the application of a session.
func (c *control) owner(sessionID string) (*Application, error) {
	c.server.mu.RLock()
	defer c.server.mu.RUnlock()
	one := c.server.sessions[strings.ToLower(sessionID)]
	if one == nil {
		return nil, refuse(http.StatusNotFound, "no such session: %q; GET /state lists them", sessionID)
	}
	return one.app, nil
}

func (c *control) addSession(r *http.Request) (any, error) {
	var in struct {
		Application string              `json:"application"`
		Kind        didit.SessionKind   `json:"kind"`
		Status      didit.SessionStatus `json:"status"`
		VendorData  string              `json:"vendor_data"`
		Patch       json.RawMessage     `json:"patch"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	var first *Application
	if apps := c.server.Applications(); len(apps) > 0 {
		first = apps[0]
	}
	a, err := c.application(in.Application, first)
	if err != nil {
		return nil, err
	}
	if string(in.Patch) == "null" {
		in.Patch = nil
	}
	id, err := a.addSession(SessionFixture{Kind: in.Kind, Status: in.Status, VendorData: trimmed(in.VendorData), Patch: in.Patch})
	return obj{"id": id, "application": a.ID}, err
}

func (c *control) setStatus(r *http.Request) (any, error) {
	var in struct {
		Status didit.SessionStatus `json:"status"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	id := strings.ToLower(r.PathValue("id"))
	a, err := c.owner(id)
	if err != nil {
		return nil, err
	}
	return obj{"id": id, "status": in.Status}, a.setStatus(id, in.Status)
}

// client is package didit's, so that the page's buttons show what a program meets: limits, faults and how a lost answer is
// recovered.
func (c *control) client(a *Application) *didit.Client {
	return a.Client(didit.WithBaseURL(c.server.local), didit.WithInsecureHTTP(), didit.WithRetryWait(50*time.Millisecond, time.Second),
		didit.WithAttemptTimeout(5*time.Second), didit.WithMaxRetryAfter(0))
}

// failed is what a call of the client came to.
func failed(err error) error {
	e := refuse(http.StatusUnprocessableEntity, "%s", err)
	if api, ok := errors.AsType[*didit.APIError](err); ok {
		return e.with("status", api.StatusCode)
	}
	return e
}

func (c *control) share(r *http.Request) (any, error) {
	var in struct {
		Application string `json:"application"`
		TTL         int    `json:"ttl_in_seconds"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	owner, err := c.owner(r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	with, err := c.application(in.Application, nil)
	if err != nil {
		return nil, err
	}
	shared, err := c.client(owner).ShareSession(r.Context(), r.PathValue("id"), didit.ShareSessionParams{
		ForApplicationID: with.ID, TTL: time.Duration(in.TTL) * time.Second,
	})
	if err != nil {
		return nil, failed(err)
	}
	return obj{
		"share_token": shared.Token.Reveal(), "fingerprint": shared.Token.Fingerprint(), "for_application_id": with.ID,
		"session_kind": shared.SessionKind, "expires_at": shared.ExpiresAt(),
	}, nil
}

func (c *control) importToken(r *http.Request) (any, error) {
	var in struct {
		Application string `json:"application"`
		VendorData  string `json:"vendor_data"`
		TrustReview bool   `json:"trust_review"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	all := c.server.tokens.all()
	i := slices.IndexFunc(all, func(t mintedToken) bool { return t.fingerprint == strings.ToLower(r.PathValue("fingerprint")) })
	if i < 0 {
		return nil, refuse(http.StatusNotFound, "no such token: %q; GET /state lists them by fingerprint", r.PathValue("fingerprint"))
	}
	a, err := c.application(cmp.Or(in.Application, all[i].claims.ForApplicationID), nil)
	if err != nil {
		return nil, err
	}
	review := didit.ReviewAgain
	if in.TrustReview {
		review = didit.TrustSourceReview
	}
	imported, err := c.client(a).ImportSharedSession(r.Context(), didit.ImportSharedSessionParams{
		Token: didit.NewShareToken(all[i].text), WorkflowID: a.Workflow(all[i].kind), Review: review, VendorData: in.VendorData,
	})
	if err != nil {
		return nil, failed(err)
	}
	return obj{"session_id": imported.SessionID, "status": imported.Status, "application": a.ID, "recovered": imported.Recovered}, nil
}

func (c *control) addApplication(r *http.Request) (any, error) {
	var in struct {
		Name string `json:"name"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	if in.Name = trimmed(in.Name); in.Name == "" {
		return nil, refuse(http.StatusBadRequest, `an application needs a name, for example {"name": "Partner C"}`)
	}
	a := c.server.AddApplication(in.Name)
	return c.shown(a), nil
}

func (c *control) shown(a *Application) controlApplication {
	c.server.mu.RLock()
	defer c.server.mu.RUnlock()
	return a.forControl()
}

func (c *control) setWebhook(r *http.Request) (any, error) {
	var in struct {
		URL string `json:"url"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	a, err := c.application(r.PathValue("id"), nil)
	if err != nil {
		return nil, err
	}
	if err := a.deliverTo(in.URL); err != nil {
		return nil, err
	}
	return c.shown(a), nil
}

func (c *control) moveClock(r *http.Request) (any, error) {
	var in struct {
		Advance string `json:"advance"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	d, err := time.ParseDuration(in.Advance)
	if err != nil || !c.server.canAdvance(d) {
		return nil, refuse(http.StatusBadRequest, `advance is a duration, from 0 to 100 years with all that came before, for example {"advance": "90s"}, "30m" or "24h"`)
	}
	c.server.Advance(d)
	return obj{"clock": c.server.Now()}, nil
}

func (c *control) endFaults(*http.Request) (any, error) {
	return obj{"ended": c.server.faults.end()}, nil
}

// end stops every fault and says how many there were.
func (l *faultList) end() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, i := range l.list {
		if !i.stopped.Swap(true) {
			n++
		}
	}
	return n
}

func (c *control) addFault(r *http.Request) (any, error) {
	var in struct {
		Operation   Operation `json:"operation"`
		Kind        FaultKind `json:"kind"`
		Times       int       `json:"times"`
		Probability float64   `json:"probability"`
		Skip        int       `json:"skip"`
		Status      int       `json:"status"`
		Application string    `json:"application"`
		Delay       string    `json:"delay"`
		RetryAfter  string    `json:"retry_after"`
		ErrorCode   ErrorCode `json:"error_code"`
	}
	if err := readControl(r, &in); err != nil {
		return nil, err
	}
	f := Fault{
		Operation: in.Operation, Kind: in.Kind, Times: in.Times, Probability: in.Probability, Skip: in.Skip, StatusCode: in.Status,
		ErrorCode: in.ErrorCode,
	}
	if in.Application != "" {
		a, err := c.application(in.Application, nil)
		if err != nil {
			return nil, err
		}
		f.Application = a.ID
	}
	for _, d := range []struct {
		name, text string
		into       *time.Duration
	}{{"delay", in.Delay, &f.Delay}, {"retry_after", in.RetryAfter, &f.RetryAfter}} {
		if d.text == "" {
			continue
		}
		var err error
		if *d.into, err = time.ParseDuration(d.text); err != nil {
			return nil, refuse(http.StatusBadRequest, `%s is a duration, for example "10s"`, d.name)
		}
	}
	if f.Kind == FaultAppliedLate && f.Delay == 0 {
		f.Delay = 10 * time.Second
	}
	if _, err := c.server.inject(f); err != nil {
		return nil, refuse(http.StatusBadRequest, "%s", err).
			with("operations", append([]Operation{OpAny}, Operations()...)).with("kinds", c.server.faultKinds())
	}
	return obj{"operation": f.Operation, "kind": f.Kind, "times": cmp.Or(f.Times, 1)}, nil
}

// after reads the number behind which a list begins.
func after(r *http.Request) (uint64, error) {
	text := r.URL.Query().Get("after")
	if text == "" {
		return 0, nil
	}
	var n uint64
	if _, err := fmt.Sscanf(text, "%d", &n); err != nil || fmt.Sprint(n) != text {
		return 0, refuse(http.StatusBadRequest, "after is a number of what came before, for example ?after=12")
	}
	return n, nil
}
