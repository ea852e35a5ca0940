//go:build unix

package relay

import "syscall"

// descriptorsMax is how many files and connections this process may have open; 0 when that is not known. Go has raised
// the soft limit to the hard one at its start.
func descriptorsMax() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return int(min(uint64(limit.Cur), 1<<30))
}
