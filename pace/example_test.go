package pace_test

import (
	"context"
	"fmt"
	"log"
	"sync"
	"sync/atomic"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
	"github.com/didit-go/didit/pace"
)

// Many goroutines share one pace, with Didit played by the stand-in.
func Example() {
	didits := didittest.NewServer()
	defer didits.Close()
	app, partner := didits.AddApplication("Partner A"), didits.AddApplication("Partner B")

	pacer := pace.Adaptive()
	a := app.Client(didit.WithLimiter(pacer))

	// The wait for a slot is outside of an attempt's timeout: this bounds it.
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	var shared atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			session := app.AddSession(didittest.SessionFixture{})
			_, err := a.ShareSession(ctx, session, didit.ShareSessionParams{ForApplicationID: partner.ID})
			if err != nil {
				log.Print(err)
				return
			}
			shared.Add(1)
		})
	}
	wg.Wait()
	fmt.Println(shared.Load(), "shared,", pacer.State().Writes.Denied, "denied")
	// Output: 20 shared, 0 denied
}

// Four processes of the same key are each told so, and together keep its limits.
func ExampleOneOf() {
	pacer := pace.New(0, 0, pace.OneOf(4))
	s := pacer.State()
	fmt.Println(s.Writes.PerMinute, "writes and", s.Reads.PerMinute, "reads a minute")
	// Output: 75 writes and 150 reads a minute
}
