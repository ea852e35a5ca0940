package freight

import (
	"context"
	"net"
	"sync/atomic"
	"time"
)

// lively is a connection on which something has to happen all the time once it has begun: whoever reads or writes gets an
// error after a silence.
type lively struct {
	net.Conn
	begun atomic.Bool
}

func (l *lively) Read(p []byte) (int, error) {
	if l.begun.Load() {
		if err := l.SetReadDeadline(time.Now().Add(silenceMax)); err != nil {
			return 0, err
		}
	}
	return l.Conn.Read(p)
}

func (l *lively) Write(p []byte) (int, error) {
	if l.begun.Load() {
		if err := l.SetWriteDeadline(time.Now().Add(silenceMax)); err != nil {
			return 0, err
		}
	}
	return l.Conn.Write(p)
}

// steady is a connection whose other side has to take what is sent.
type steady struct{ net.Conn }

func dialSteady(ctx context.Context, dial func(ctx context.Context, network, address string) (net.Conn, error), network, address string) (net.Conn, error) {
	c, err := dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return steady{c}, nil
}

func (s steady) Write(p []byte) (int, error) {
	if err := s.SetWriteDeadline(time.Now().Add(silenceMax)); err != nil {
		return 0, err
	}
	return s.Conn.Write(p)
}
