package bulk_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/bulk"
	"github.com/didit-go/didit/didittest"
)

// Ten sessions are shared, with Didit played by the stand-in. Your own list would come
// from a file or a database.
func ExampleShare() {
	didits := didittest.NewServer()
	defer didits.Close()
	app, partner := didits.AddApplication("Partner A"), didits.AddApplication("Partner B")
	client := app.Client(didit.WithMaxRetries(0)) // and WithLimiter: a pace

	items := func(yield func(bulk.ShareItem, error) bool) {
		for range 10 {
			item := bulk.ShareItem{
				SessionID: app.AddSession(didittest.SessionFixture{}),
				Params:    didit.ShareSessionParams{ForApplicationID: partner.ID, TTL: 10 * time.Minute},
			}
			if !yield(item, nil) {
				return
			}
		}
		yield(bulk.ShareItem{}, errors.New("line 11 cannot be read"))
	}
	run := bulk.Share(context.Background(), client, items, bulk.Options{})
	shared := 0
	for r := range run.All() {
		if r.Err != nil {
			fmt.Println(r.Err)
			continue
		}
		shared++ // send r.Value.Token to the partner here; r.Redo() where that fails
	}
	if err := run.Err(); err != nil {
		log.Print(err)
		return
	}
	fmt.Println(shared, "shared")
	// Unordered output:
	// line 11 cannot be read
	// 10 shared
}
