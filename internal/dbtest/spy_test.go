package dbtest_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"strings"
)

// spy is a driver that remembers what its database is asked, lets something happen before
// an answer, and asks in other words.
type spy struct {
	driver driver.Driver
	source string
	asked  []question
	before func(text string)
	words  *strings.Replacer // of what it is asked; nil: none is replaced
}

type question struct {
	text string
	args []any
}

func (s *spy) Driver() driver.Driver { return s.driver }

func (s *spy) Connect(context.Context) (driver.Conn, error) {
	conn, err := s.driver.Open(s.source)
	if err != nil {
		return nil, err
	}
	both, ok := conn.(queryExecer)
	if !ok {
		return nil, errors.New("the driver has no QueryContext and ExecContext")
	}
	return &spiedConn{both, s}, nil
}

// queryExecer is a connection that is asked without a statement of its own.
type queryExecer interface {
	driver.Conn
	driver.QueryerContext
	driver.ExecerContext
}

type spiedConn struct {
	queryExecer
	spy *spy
}

func (c *spiedConn) ask(text string, args []driver.NamedValue) {
	q := question{text: text}
	for _, a := range args {
		q.args = append(q.args, a.Value)
	}
	c.spy.asked = append(c.spy.asked, q)
}

func (c *spiedConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	c.ask(text, args)
	return c.queryExecer.ExecContext(ctx, text, args)
}

func (c *spiedConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	c.ask(text, args)
	if c.spy.before != nil {
		c.spy.before(text)
	}
	if c.spy.words != nil {
		text = c.spy.words.Replace(text)
	}
	return c.queryExecer.QueryContext(ctx, text, args)
}
