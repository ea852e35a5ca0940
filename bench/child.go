package bench

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

// child is a process of the program under measurement.
type child struct {
	cmd     *exec.Cmd
	intake  string // host:port
	console string

	lines  chan string
	said   strings.Builder // standard error, for the report of a failure
	mu     sync.Mutex
	ended  chan struct{}
	reader sync.WaitGroup
}

// listening finds addresses in the lines that the program prints, one per listener.
var listening = regexp.MustCompile(`(intake|console|bench) .*?(127\.0\.0\.1:\d+)`)

// startChild runs the program with arguments and waits until it has printed as many listeners as wanted.
func startChild(ctx context.Context, program string, listeners int, args ...string) (*child, error) {
	c := &child{cmd: exec.Command(program, args...), lines: make(chan string, 64), ended: make(chan struct{})}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	errs, err := c.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	c.reader.Add(2)
	go c.read(out)
	go c.read(errs)
	go func() {
		c.reader.Wait()
		_ = c.cmd.Wait()
		close(c.ended)
	}()
	if err := c.awaitListeners(ctx, listeners); err != nil {
		c.kill()
		return nil, err
	}
	return c, nil
}

func (c *child) read(r io.Reader) {
	defer c.reader.Done()
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		c.mu.Lock()
		if c.said.Len() < 64<<10 {
			c.said.WriteString(lines.Text() + "\n")
		}
		c.mu.Unlock()
		select {
		case c.lines <- lines.Text():
		default:
		}
	}
}

func (c *child) awaitListeners(ctx context.Context, n int) error {
	patience := time.NewTimer(30 * time.Second)
	defer patience.Stop()
	for found := 0; found < n; {
		select {
		case text := <-c.lines:
			m := listening.FindStringSubmatch(text)
			if m == nil {
				continue
			}
			found++
			if m[1] == "console" {
				c.console = m[2]
			} else {
				c.intake = m[2]
			}
		case <-c.ended:
			return fmt.Errorf("the program ended at its start:\n%s", c.output())
		case <-patience.C:
			return fmt.Errorf("the program did not listen within 30s:\n%s", c.output())
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (c *child) output() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.said.String()
}

// stop ends the process as an operator would, and waits.
func (c *child) stop() error {
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-c.ended:
		return nil
	case <-time.After(60 * time.Second):
		c.kill()
		return errors.New("the program did not end within 60s of SIGTERM")
	}
}

// kill ends the process at once, as a crash would, and waits.
func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	<-c.ended
}

// clockTick is the unit of CPU times in /proc, fixed at 100 a second on Linux.
const clockTick = 10 * time.Millisecond

// cpu is the CPU time that the process has used, all threads, user and system.
func (c *child) cpu() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
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

// rssMax is the most memory that the process had resident so far, in bytes.
func (c *child) rssMax() int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
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
