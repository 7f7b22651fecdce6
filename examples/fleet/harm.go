package main

import "time"

// harmed is what has happened to the workers.
type harmed struct {
	killed   int
	lastKill time.Time
	frozen   *process // nil: nobody is
	thaw     time.Time
}

// byTheClock kills one worker after the other, and freezes one.
func (d *day) byTheClock(imported int) error {
	now := time.Now()
	if d.freeze > 0 && d.thaw.IsZero() && imported > d.people/20 {
		if err := d.freezeOne(d.freeze); err != nil {
			return err
		}
	}
	if err := d.thawInTime(now); err != nil {
		return err
	}
	if d.kill > 0 && now.Sub(d.lastKill) >= d.kill && imported < d.people {
		d.lastKill = now
		return d.killOne()
	}
	return nil
}

// killOne kills the next worker that is not frozen, as a machine that loses its power, and
// starts another.
func (d *day) killOne() error {
	d.killed++
	i := d.killed % len(d.fleet)
	if d.fleet[i] == d.frozen {
		i = (i + 1) % len(d.fleet)
	}
	d.fleet[i].kill()
	return d.startWorker(i)
}

// freezeOne stops a worker as it stands, as a machine that is suspended.
func (d *day) freezeOne(length time.Duration) error {
	d.frozen, d.thaw = d.fleet[0], time.Now().Add(length)
	return d.frozen.stop()
}

func (d *day) thawInTime(now time.Time) error {
	if d.frozen == nil || now.Before(d.thaw) {
		return nil
	}
	p := d.frozen
	d.frozen = nil
	return p.goOn()
}
