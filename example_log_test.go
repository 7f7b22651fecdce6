package didit_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/didit-go/didit"
	"github.com/didit-go/didit/didittest"
)

// Everything of this package may be logged as it is: tokens show their fingerprint,
// sessions their ids, errors nothing that was sent.
func ExampleWithLogger() {
	server := didittest.NewServer()
	defer server.Close()
	appA, appB := server.AddApplication("Partner A"), server.AddApplication("Partner B")
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		switch a.Key { // what differs from run to run
		case slog.TimeKey, "duration", "host", "session_id", "source_session_id", "request_id":
			return slog.Attr{}
		}
		return a
	}}))
	client := appB.Client(didit.WithLogger(logger), didit.WithRetryWait(0, 0))
	server.Inject(didittest.Fault{Operation: didittest.OpImportSharedSession, Kind: didittest.FaultAnswerLost})

	token := appA.Share(appA.AddSession(didittest.SessionFixture{}), appB, 0)
	imported, err := client.ImportSharedSession(context.Background(), didit.ImportSharedSessionParams{
		Token: token, WorkflowID: appB.Workflow(didit.KindUser), Review: didit.TrustSourceReview, VendorData: "customer-1",
	})
	fmt.Println(token.String() == "didit.ShareToken("+token.Fingerprint()+")", imported.Status, err)
	// Output:
	// level=INFO msg="didit: call" operation=ImportSharedSession outcome=recovered attempts=1 status=0
	// true Approved <nil>
}
