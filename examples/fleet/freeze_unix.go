//go:build unix

package main

import "syscall"

// stop freezes the process as it stands, with all that it has under way.
func (p *process) stop() error { return p.cmd.Process.Signal(syscall.SIGSTOP) }

// goOn has it go on as if no time had passed.
func (p *process) goOn() error { return p.cmd.Process.Signal(syscall.SIGCONT) }
