package route

import (
	"net/url"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const id = "0a1b2c3d-4e5f-6789-abcd-ef0123456789"

var notUUIDs = []string{
	"", "-", id[1:], id + "0", " " + id[1:], id[:35] + "\n", id[:35] + "g", id[:35] + "\x00",
	strings.ReplaceAll(id, "-", ""), "{" + id[2:] + "}", "urn:uuid:" + id,
	"0a1b2c3d04e5f-6789-abcd-ef0123456789", "0a1b2c3d-4e5f06789-abcd-ef0123456789",
	"0a1b2c3d-4e5f-67890abcd-ef0123456789", "0a1b2c3d-4e5f-6789-abcd0ef0123456789",
	"../../../../../../../../../../../..x", "0a1b2c3d-4e5f-6789-abcd-ef012345678/",
	"0a1b2c3d-4e5f-6789-abcd-ef012345678ſ", "0a1b2c3d-4e5f-6789-abcd-ef01234567é",
	"----f---------------f---------------", "0a1b2c3d-4e5f-6789-abcd-ef0123456-89",
}

func TestUUID(t *testing.T) {
	t.Parallel()
	for _, s := range []string{id, strings.ToUpper(id), "00000000-0000-0000-0000-000000000000", "FFFFFFFF-ffff-FFFF-ffff-FFFFffffFFFF"} {
		lower, ok := UUID(s)
		assert.True(t, ok, s)
		assert.Equal(t, strings.ToLower(s), lower)
	}
	for _, s := range notUUIDs {
		lower, ok := UUID(s)
		assert.False(t, ok, "%q", s)
		assert.Empty(t, lower)
	}
}

func TestPath(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "/v3/session/"+id+"/share/", Path("/v3/session/{id}/share/", id))
	assert.Equal(t, "/v3/sessions/", Path("/v3/sessions/", ""))
	for _, s := range notUUIDs {
		assert.Panics(t, func() { Path("/v3/session/{id}/share/", s) }, "%q", s)
	}
}

var (
	accepted = []string{
		"/v3/", "/v3/sessions/", "/v3/sessions/?page=2&vendor_data=a%20b", "/v3/a%20b/", "/v3/a%2Fb/", "/v3//x", "/v3/x?a=../..",
		"/v3/...", "/v3/..a/", "/v3/.a/", "/v3/a./", "/v3/%252e%252e/", "/v3/x;y=z/", "/v3/x@y:1/", "/v3/?", "/v3/x?u=https://host/", "/v3/%00",
	}
	startsElsewhere = []string{
		"", "/", "v3/x", "/v3", "/v2/x", "//v3/x", "//host/v3/", "/V3/x", "https://host.test/v3/x", "http:/v3/x", " /v3/x", "/../v3/x", "\\v3\\x", "?/v3/", "/%763/x",
	}
	unescaped = []string{"/v3/a b", "/v3/\x00", "/v3/a\nb", "/v3/\x7f", "/v3/é", "/v3/\xff", "/v3/..\\x", "/v3/x?q=a b", "/v3/x?q=ü", `/v3/a%2Fb"`, "/v3/{id}/", "/v3/<x>", "/v3/a|b", "/v3/a^b", "/v3/`"}
	dots      = []string{
		"/v3/.", "/v3/..", "/v3/./x", "/v3/../x", "/v3/x/..", "/v3/x/../..", "/v3/%2e%2e/x", "/v3/%2E%2E/x", "/v3/.%2e/", "/v3/%2e/", "/v3/x%2f..%2f..%2fy",
		"/v3/%5c..%5c", "/v3/x%5C../", "/v3/..?x", "/v3/x/..%2f",
	}
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, s := range accepted {
		u, problem := Parse(s)
		require.Empty(t, problem, s)
		assert.Equal(t, strings.TrimSuffix(s, "?"), strings.TrimSuffix(u.String(), "?"), "sent as given")
	}
	for want, paths := range map[string][]string{
		`must start with "/v3/"`:             startsElsewhere,
		"must be escaped":                    unescaped,
		"must not have a fragment":           {"/v3/#", "/v3/x#y", "/v3/x?a#b"},
		"is not a path that can be parsed":   {"/v3/%", "/v3/%zz", "/v3/%2"},
		"must not have dot segments":         dots,
		"space, a control or non-ASCII char": {"/v3/ #"},
	} {
		for _, s := range paths {
			u, problem := Parse(s)
			assert.Contains(t, problem, want, "%q", s)
			assert.Nil(t, u)
		}
	}
	_, problem := Parse("/v3/pl4nted/../x")
	assert.NotContains(t, problem, "pl4nted")
}

var canonical = regexp.MustCompile(`\A[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\z`)

func FuzzUUID(f *testing.F) {
	f.Add(id)
	f.Add(strings.ToUpper(id))
	for _, s := range notUUIDs {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		lower, ok := UUID(s)
		if ok != canonical.MatchString(s) {
			t.Fatalf("%q: %v", s, ok)
		}
		if ok && (!strings.EqualFold(lower, s) || lower != strings.ToLower(s)) || !ok && lower != "" {
			t.Fatalf("%q: %q", s, lower)
		}
		if again, same := UUID(lower); same != ok || again != lower {
			t.Fatalf("%q: not stable", s)
		}
	})
}

// FuzzParse joins what is accepted to a base, as the client does, and follows it
// as a server might: escaped or not, with either slash.
func FuzzParse(f *testing.F) {
	for _, list := range [][]string{accepted, startsElsewhere, unescaped, dots} {
		for _, s := range list {
			f.Add(s)
		}
	}
	base, err := url.Parse("https://host.test/pre%20fix")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		own, problem := Parse(s)
		if (problem == "") == (own == nil) {
			t.Fatalf("%q: %v, %q", s, own, problem)
		}
		if own == nil {
			return
		}
		u := *base
		u.Path, u.RawQuery = u.Path+own.Path, own.RawQuery
		if u.RawPath != "" || own.RawPath != "" {
			u.RawPath = base.EscapedPath() + own.EscapedPath()
		}
		sent, err := url.Parse(u.String())
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		if sent.Scheme != "https" || sent.Host != base.Host || sent.User != nil || sent.Fragment != "" {
			t.Fatalf("%q leaves the host: %s", s, sent)
		}
		asked, _, _ := strings.Cut(s, "?")
		if sent.EscapedPath() != "/pre%20fix"+asked {
			t.Fatalf("%q is sent as %q", s, sent.EscapedPath())
		}
		for _, p := range []string{sent.Path, sent.EscapedPath(), strings.ReplaceAll(sent.Path, `\`, "/"), base.ResolveReference(sent).Path} {
			if p = path.Clean(p) + "/"; !strings.HasPrefix(p, "/pre fix/v3/") && !strings.HasPrefix(p, "/pre%20fix/v3/") {
				t.Fatalf("%q leaves the base: %s", s, p)
			}
		}
	})
}
