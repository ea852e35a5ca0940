// Package child runs the program as a process of its own and watches it from outside: where it listens, what it says, how
// much of the machine it uses. It can be asked to stop, and it can be killed.
//
// It knows the lines that the program prints for its listeners, and nothing else of it. A Process may be used by several
// goroutines.
package child

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Process is a running program.
type Process struct {
	Intake  string        // where it listens, host:port; "" when it has no such listener
	Console string        // likewise
	Ended   chan struct{} // closed when the process has ended

	cmd *exec.Cmd

	lines  chan string
	said   strings.Builder // both outputs, for the report of a failure
	mu     sync.Mutex
	reader sync.WaitGroup
}

// listening finds addresses in the lines that the program prints, one per listener.
var listening = regexp.MustCompile(`(intake|console|bench) .*?(127\.0\.0\.1:\d+)`)

// Start runs the program with arguments and waits until it has printed as many listeners as wanted, 30 s at most. The
// process outlives ctx: its starter stops or kills it.
func Start(ctx context.Context, program string, listeners int, args ...string) (*Process, error) {
	p := &Process{cmd: exec.Command(program, args...), lines: make(chan string, 64), Ended: make(chan struct{})}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	errs, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	p.reader.Add(2)
	go p.read(out)
	go p.read(errs)
	go func() {
		p.reader.Wait()
		_ = p.cmd.Wait()
		close(p.Ended)
	}()
	if err := p.awaitListeners(ctx, listeners); err != nil {
		p.Kill()
		return nil, err
	}
	return p, nil
}

func (p *Process) read(r io.Reader) {
	defer p.reader.Done()
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.mu.Lock()
		if p.said.Len() < 64<<10 {
			p.said.WriteString(lines.Text() + "\n")
		}
		p.mu.Unlock()
		select {
		case p.lines <- lines.Text():
		default:
		}
	}
}

func (p *Process) awaitListeners(ctx context.Context, n int) error {
	patience := time.NewTimer(30 * time.Second)
	defer patience.Stop()
	for found := 0; found < n; {
		select {
		case text := <-p.lines:
			m := listening.FindStringSubmatch(text)
			if m == nil {
				continue
			}
			found++
			if m[1] == "console" {
				p.Console = m[2]
			} else {
				p.Intake = m[2]
			}
		case <-p.Ended:
			return fmt.Errorf("the program ended at its start:\n%s", p.Output())
		case <-patience.C:
			return fmt.Errorf("the program did not listen within 30s:\n%s", p.Output())
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Output is what the process has printed so far, the first 64 KiB of it.
func (p *Process) Output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

// Stop ends the process as an operator would, and waits.
func (p *Process) Stop() error {
	if err := p.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.Ended:
		return nil
	case <-time.After(60 * time.Second):
		p.Kill()
		return errors.New("the program did not end within 60s of SIGTERM")
	}
}

// Signal sends the process a signal. One that has ended is sent none.
func (p *Process) Signal(s os.Signal) error {
	if err := p.cmd.Process.Signal(s); !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// Kill ends the process at once, as a crash would, and waits.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill()
	<-p.Ended
}

// clockTick is the unit of CPU times in /proc, fixed at 100 a second on Linux.
const clockTick = 10 * time.Millisecond

// CPU is the CPU time that the process has used, all threads, user and system.
func (p *Process) CPU() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * clockTick
}

// RSSMax is the most memory that the process had resident so far, in bytes.
func (p *Process) RSSMax() int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kib, _ := strconv.ParseInt(fields[0], 10, 64)
	return kib << 10
}

// ExitCode is the code that the process ended with, -1 when a signal ended it. It must have ended.
func (p *Process) ExitCode() int { return p.cmd.ProcessState.ExitCode() }
