package didit

import (
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/didit-go/didit/internal/setting"
)

// settle takes what is missing from the environment and checks what takes more than
// one option.
func (s *settings) settle() (base *url.URL) {
	if !s.keyGiven {
		if key, ok := os.LookupEnv(envAPIKey); ok {
			s.key, s.keySource = key, envAPIKey
		}
		if id, ok := os.LookupEnv(envApplicationID); ok && s.keySource == envAPIKey && !s.appGiven {
			s.applicationID, s.appGiven, s.applicationAt = strings.TrimSpace(id), id != "", envApplicationID
		}
	}
	s.key = strings.TrimSpace(s.key)
	switch {
	case s.key == "" && !s.keyGiven && s.keySource != envAPIKey:
		s.problems.add(s.keySource, "is required: no API key, and "+envAPIKey+" is not set", nil)
	case s.key == "":
		s.problems.add(s.keySource, "is empty: is the variable set?", nil)
	case setting.Pasted(s.key) != "":
		s.problems.add(s.keySource, setting.Pasted(s.key), nil)
	case !setting.Printable(s.key):
		s.problems.add(s.keySource, "has a control or non-ASCII character: copy it from Didit's console again", nil)
	}
	if s.appGiven {
		id, problem := setting.ID(s.applicationID)
		if problem != "" {
			s.problems.add(s.applicationAt, problem, nil)
		}
		s.applicationID = id
	}
	base, problem := parseBaseURL(s.baseURL, s.insecureHTTP)
	if problem == "" && base.Scheme == "http" && strings.HasPrefix(s.key, "sk_live_") {
		problem = "must be https with a live key"
	}
	if problem != "" {
		s.problems.add("WithBaseURL", problem, nil)
	}
	return base
}

// parseBaseURL says what is wrong with a base URL without quoting it: it may hold
// a password.
func parseBaseURL(raw string, insecure bool) (base *url.URL, problem string) {
	u, problem := setting.URL(raw, DefaultBaseURL)
	if problem != "" {
		return nil, problem
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	segments := strings.Split(u.Path, "/")
	switch {
	case u.RawQuery != "" || u.ForceQuery:
		return nil, "must not have a query"
	case segments[len(segments)-1] == "v3":
		return nil, `must not end in "/v3": the client adds it`
	case slices.Contains(segments, ".") || slices.Contains(segments, ".."):
		return nil, "must not have dot segments"
	case u.Scheme == "http" && !insecure && !setting.Loopback(u.Hostname()):
		return nil, "must be https; http is for loopback addresses only, unless WithInsecureHTTP is given"
	}
	return u, ""
}
