//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package bulk

import (
	"errors"
	"os"
)

// lock refuses: without a lock two runs would import the same sessions.
func lock(*os.File) error {
	return errors.New("bulk: a checkpoint in a file needs flock, which this system does not have; use another Checkpoint")
}

func unlock(*os.File) error { return nil }
