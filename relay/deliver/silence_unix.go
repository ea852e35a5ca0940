//go:build unix

package deliver

import (
	"net"
	"syscall"
)

// silent says that an idle connection is open and nothing has come on it. It does not wait.
func silent(c net.Conn) bool {
	s, ok := c.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return false
	}
	var got error
	err = raw.Read(func(fd uintptr) bool {
		var b [1]byte // what is read is lost: a connection that is not silent is not used again
		_, got = syscall.Read(int(fd), b[:])
		return true
	})
	return err == nil && (got == syscall.EAGAIN || got == syscall.EWOULDBLOCK)
}
