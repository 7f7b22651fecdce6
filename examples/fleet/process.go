package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// process is this program in another role. It ends when its input does.
type process struct {
	cmd   *exec.Cmd
	in    io.Closer
	ended chan struct{} // closed once it has
	err   error         // how it ended
}

// start starts a role, whose log is in a file of dir.
func (s *settings) start(dir, role, name string) (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(filepath.Join(dir, name+".log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // a folder of this program's
	if err != nil {
		return nil, err
	}
	defer log.Close()                                                    //nolint:errcheck // the process has it
	cmd := exec.Command(program, "-role", role, "-database", s.database) //nolint:gosec,noctx // itself; it ends when its input does
	cmd.Env, cmd.Stderr = s.environ(), log
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, in: in, ended: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// kill ends it as a machine's end does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// end lets it finish what is under way.
func (p *process) end() error {
	_ = p.in.Close()
	<-p.ended
	return p.err
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// untilInputEnds ends the context of a process whose standard input is a pipe when that is
// closed: the program that started it has ended, however that came.
func untilInputEnds(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	if info, err := os.Stdin.Stat(); err == nil && info.Mode()&os.ModeNamedPipe != 0 {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			cancel()
		}()
	}
	return ctx, cancel
}
