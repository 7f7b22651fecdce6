package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/didit-go/didit/didittest"
)

// settings are what the flags say.
type settings struct {
	addr, control string
	webhooks      string
	open          bool
	faults        []didittest.Fault
	options       []didittest.Option
}

// keptRequests is how many the control API can show.
const keptRequests = 1000

// realisticLatency is about what a call over the internet takes. Didit documents none.
const realisticLatency = 150 * time.Millisecond

func parse(args []string, stderr io.Writer) (*settings, error) {
	cfg := &settings{options: []didittest.Option{didittest.WithHistory(keptRequests)}}
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&cfg.addr, "addr", "127.0.0.1:0", "address to serve on; port 0 takes a free one")
	flags.StringVar(&cfg.control, "control", "127.0.0.1:0", "address of the control API and its page")
	flags.BoolVar(&cfg.open, "open", false, "open the page in a browser")
	public := flags.Bool("public", false, "allow addresses that are not loopback")
	hosts := flags.String("control-hosts", "", "names, with commas, by which the control API may be reached besides loopback ones")
	base := flags.String("url", "", "base URL that clients use, where it is not the address: in a container, behind a proxy")
	dialect := flags.String("dialect", string(didittest.DialectNewest), "generation of Didit's answers: "+join(didittest.Dialects()))
	limit := flags.Int("rate-limit", 0, "writes and, apart, reads a minute per key; 0: no limit")
	realistic := flags.Bool("realistic", false, "Didit's documented limits, 300 writes, 600 reads and 50 reports a minute, and 150 ms for each answer")
	flags.StringVar(&cfg.webhooks, "webhooks", "", "URL that the first application's events are delivered to")
	flags.Func("fault", "operation:kind[:times], more than once if need be; operations: "+join(didittest.Operations())+"; kinds: "+join(didittest.FaultKinds()),
		func(text string) error {
			f, err := parseFault(text)
			cfg.faults = append(cfg.faults, f)
			return err
		})
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	switch {
	case flags.NArg() > 0:
		return nil, errors.New("takes flags only, see -h")
	case !slices.Contains(didittest.Dialects(), didittest.Dialect(*dialect)):
		return nil, errors.New("-dialect must be one of " + join(didittest.Dialects()))
	case *limit < 0:
		return nil, errors.New("-rate-limit must not be negative")
	case *limit > 0 && *realistic:
		return nil, errors.New("-realistic has limits of its own, leave -rate-limit out")
	case !*public && !loopback(cfg.addr):
		return nil, errors.New("-addr is not a loopback address: everybody could reach it; say -public if that is meant")
	case !*public && !loopback(cfg.control):
		return nil, errors.New("-control is not a loopback address: everybody could reach it, keys included; say -public if that is meant")
	case cfg.webhooks != "" && !isURL(cfg.webhooks):
		return nil, errors.New("-webhooks must be a URL, for example http://127.0.0.1:9000/webhook")
	case *base != "" && !isURL(*base):
		return nil, errors.New("-url must be a URL, for example http://sandbox:8123")
	}
	cfg.options = append(cfg.options, didittest.WithDialect(didittest.Dialect(*dialect)), didittest.WithRateLimit(*limit))
	if *realistic {
		cfg.options = append(cfg.options, didittest.WithDocumentedLimits(), didittest.WithLatency(realisticLatency))
	}
	if *hosts != "" {
		cfg.options = append(cfg.options, didittest.WithControlHosts(strings.Split(*hosts, ",")...))
	}
	if *base != "" {
		cfg.options = append(cfg.options, didittest.WithURL(*base))
	}
	return cfg, nil
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
			err = fmt.Errorf("-fault: %v", p)
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
