package sandbox

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/didit-go/didit/didittest"
)

// Config is what the flags say. The zero Config is no good: call [Config.Flags].
type Config struct {
	addr, control, hosts string
	url, webhooks        string
	dialect              string
	limit                int
	open, public         bool
	realistic            bool
	faults               []didittest.Fault
}

// keptRequests is how many the control API can show.
const keptRequests = 1000

// realisticLatency is about what a call over the internet takes. Didit documents none.
const realisticLatency = 150 * time.Millisecond

// Flags adds the sandbox's flags.
func (c *Config) Flags(flags *flag.FlagSet) {
	flags.StringVar(&c.addr, "addr", "127.0.0.1:0", "address to serve on; port 0 takes a free one")
	flags.StringVar(&c.control, "control", "127.0.0.1:0", "address of the control API and its page")
	flags.BoolVar(&c.open, "open", false, "open the page in a browser")
	flags.BoolVar(&c.public, "public", false, "allow addresses that are not loopback")
	flags.StringVar(&c.hosts, "control-hosts", "", "names, with commas, by which the control API may be reached besides loopback ones")
	flags.StringVar(&c.url, "url", "", "base URL that clients use, where it is not the address: in a container, behind a proxy")
	flags.StringVar(&c.dialect, "dialect", string(didittest.DialectNewest), "generation of Didit's answers: "+join(didittest.Dialects()))
	flags.IntVar(&c.limit, "rate-limit", 0, "writes and, apart, reads a minute per key; 0: no limit")
	flags.BoolVar(&c.realistic, "realistic", false, "Didit's documented limits, 300 writes, 600 reads and 50 reports a minute, and 150 ms for each answer")
	flags.StringVar(&c.webhooks, "webhooks", "", "URL that the first application's events are delivered to")
	flags.Func("fault", "operation:kind[:times], more than once if need be; operations: "+join(didittest.Operations())+"; kinds: "+join(didittest.FaultKinds()),
		func(text string) error {
			f, err := parseFault(text)
			c.faults = append(c.faults, f)
			return err
		})
}

// FlagError is a flag that makes no sense.
type FlagError struct {
	Flag    string // without a dash
	Problem string
}

func (e *FlagError) Error() string { return "-" + e.Flag + " " + e.Problem }

// settle checks the flags and makes the server's options of them.
func (c *Config) settle() ([]didittest.Option, error) {
	for _, flag := range []struct {
		bad           bool
		name, problem string
	}{
		{!slices.Contains(didittest.Dialects(), didittest.Dialect(c.dialect)), "dialect", "must be one of " + join(didittest.Dialects())},
		{c.limit < 0, "rate-limit", "must not be negative"},
		{c.limit > 0 && c.realistic, "realistic", "has limits of its own, leave -rate-limit out"},
		{!c.public && !loopback(c.addr), "addr", "is not a loopback address: everybody could reach it; say -public if that is meant"},
		{!c.public && !loopback(c.control), "control", "is not a loopback address: everybody could reach it, keys included; say -public if that is meant"},
		{c.webhooks != "" && !isURL(c.webhooks), "webhooks", "must be a URL, for example http://127.0.0.1:9000/webhook"},
		{c.url != "" && !isURL(c.url), "url", "must be a URL, for example http://sandbox:8123"},
	} {
		if flag.bad {
			return nil, &FlagError{flag.name, flag.problem}
		}
	}
	options := []didittest.Option{
		didittest.WithHistory(keptRequests), didittest.WithDialect(didittest.Dialect(c.dialect)), didittest.WithRateLimit(c.limit),
	}
	if c.realistic {
		options = append(options, didittest.WithDocumentedLimits(), didittest.WithLatency(realisticLatency))
	}
	if c.hosts != "" {
		options = append(options, didittest.WithControlHosts(strings.Split(c.hosts, ",")...))
	}
	if c.url != "" {
		options = append(options, didittest.WithURL(c.url))
	}
	return options, nil
}

func isURL(text string) bool {
	return strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://")
}

func parseFault(text string) (didittest.Fault, error) {
	parts := strings.Split(text, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return didittest.Fault{}, errors.New("must be operation:kind or operation:kind:times")
	}
	f := didittest.Fault{Operation: didittest.Operation(parts[0]), Kind: didittest.FaultKind(parts[1])}
	if f.Operation != didittest.OpAny && !slices.Contains(didittest.Operations(), f.Operation) {
		return f, errors.New("no such operation; there are Any, " + join(didittest.Operations()))
	}
	if !slices.Contains(didittest.FaultKinds(), f.Kind) {
		return f, errors.New("no such kind; there are " + join(didittest.FaultKinds()))
	}
	if f.Kind == didittest.FaultAppliedLate {
		f.Delay = 10 * time.Second
	}
	if len(parts) == 3 {
		n, err := strconv.Atoi(parts[2])
		if err != nil {
			return f, errors.New("times must be a number")
		}
		f.Times = n
	}
	return f, nil
}

// inject makes an error of the panic with which the stand-in refuses a fault that no
// call could meet.
func inject(server *didittest.Server, f didittest.Fault) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &FlagError{"fault", fmt.Sprint("cannot be: ", p)}
		}
	}()
	server.Inject(f)
	return nil
}

func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

func join[T ~string](all []T) string {
	texts := make([]string, len(all))
	for i, text := range all {
		texts[i] = string(text)
	}
	return strings.Join(texts, ", ")
}
