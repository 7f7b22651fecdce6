package bulk_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(childFile) != "" {
		os.Exit(child()) // a run that is killed, see TestKilled
	}
	goleak.VerifyTestMain(m)
}
