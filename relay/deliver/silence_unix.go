//go:build unix

package deliver

import (
	"net"
	"syscall"
)

// ear listens at a socket. It makes what it needs when it is used first, and no garbage after that.
type ear struct {
	raw  syscall.RawConn
	read func(fd uintptr) (done bool)
	got  error // of read
}

// silent says that an idle connection is open and nothing has come on it. It does not wait.
func (e *ear) silent(c net.Conn) bool {
	s, ok := c.(syscall.Conn)
	if !ok {
		return true
	}
	if e.raw == nil {
		raw, err := s.SyscallConn()
		if err != nil {
			return false
		}
		var b [1]byte // what is read is lost: a connection that is not silent is not used again
		e.raw, e.read = raw, func(fd uintptr) bool {
			_, e.got = syscall.Read(int(fd), b[:])
			return true
		}
	}
	err := e.raw.Read(e.read)
	return err == nil && (e.got == syscall.EAGAIN || e.got == syscall.EWOULDBLOCK)
}
