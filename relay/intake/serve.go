package intake

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// listeners are the open ones. The HTTP server knows of a listener only some time after Serve was called; a Shutdown
// that comes first must close it all the same.
type listeners struct {
	sync.Mutex
	open   []net.Listener
	closed bool
}

// add notes a listener, unless all are closed.
func (l *listeners) add(ln net.Listener) bool {
	l.Lock()
	defer l.Unlock()
	if !l.closed {
		l.open = append(l.open, ln)
	}
	return !l.closed
}

// end lets no more in and returns those that are open.
func (l *listeners) end() []net.Listener {
	l.Lock()
	defer l.Unlock()
	l.closed = true
	return l.open
}

// onceListener may be closed by us and by the HTTP server.
type onceListener struct {
	net.Listener
	once sync.Once
	err  error
}

// Accept waits out faults that pass, such as a process out of file descriptors, which strangers can bring about by
// opening connections: the HTTP server would end at the first.
func (l *onceListener) Accept() (net.Conn, error) {
	for pause := acceptPause; ; pause = min(2*pause, acceptPauseMax) {
		conn, err := l.Listener.Accept()
		var passing interface{ Temporary() bool }
		if err == nil || !errors.As(err, &passing) || !passing.Temporary() {
			return conn, err
		}
		time.Sleep(pause) // Close is noticed by the next Accept
	}
}

const (
	acceptPause    = 5 * time.Millisecond
	acceptPauseMax = 500 * time.Millisecond
)

func (l *onceListener) Close() error {
	l.once.Do(func() { l.err = l.Listener.Close() })
	return l.err
}

// Serve takes connections from ln until Shutdown, then returns nil. ln is the Server's and is closed when it returns. It
// may be called for several listeners at once.
func (s *Server) Serve(ln net.Listener) error {
	if s.cert.Load() != nil {
		ln = tls.NewListener(ln, &tls.Config{
			MinVersion:     tls.VersionTLS12,
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.cert.Load(), nil },
		})
	}
	ln = &onceListener{Listener: ln}
	defer ln.Close()
	if !s.listen.add(ln) {
		return nil
	}
	if err := s.http.Serve(ln); err != nil {
		return fmt.Errorf("serve intake on %s: %w", ln.Addr(), err)
	}
	return nil
}

// Shutdown closes the listeners and waits until the requests under way are answered, or ctx is done. Serve, also when it
// is called only later, then returns nil.
func (s *Server) Shutdown(ctx context.Context) error {
	open := s.listen.end()
	err := s.http.ShutdownWithContext(ctx)
	for _, ln := range open {
		err = errors.Join(err, ln.Close())
	}
	err = errors.Join(err, s.http.ShutdownWithContext(ctx)) // of what came in between
	if err != nil {
		return fmt.Errorf("stop intake with %d connections open: %w", s.http.GetOpenConnectionsCount(), err)
	}
	return nil
}

// LoadCertificate reads the certificate again, for the connections that are opened from now on. On an error the one
// before stays.
func (s *Server) LoadCertificate(certFile, keyFile string) error {
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return fmt.Errorf("load certificate %q: %w", certFile, err)
	}
	s.cert.Store(&cert)
	return nil
}
