//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package bulk

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lock holds the file until it is closed, against other processes and this one.
func lock(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return ErrInUse
	case err != nil:
		return fmt.Errorf("bulk: lock the checkpoint's file: %w", err)
	}
	return nil
}

// unlock lets go at once. Closing the file alone would not: a process that was just
// forked elsewhere in the program holds it too, until it executes.
func unlock(file *os.File) error { return syscall.Flock(int(file.Fd()), syscall.LOCK_UN) }
