package wal

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// TestScripts runs the stories in testdata/script: a command, its arguments, and what it answers. testdata/script/README
// lists the commands.
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/script", func(t *testing.T, path string) {
		if strings.HasSuffix(path, "README") {
			return
		}
		s := &script{fs: vfs.NewCrashableMem(), clock: &clock{}, queues: map[int]*Queue{}, hands: map[[2]int]Entry{}}
		s.fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1 << 40, TotalBytes: 1 << 40})
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			run, ok := scriptCommands[d.Cmd]
			if !ok {
				t.Fatalf("%s: command %q is unknown", d.Pos, d.Cmd)
			}
			return run(s, d)
		})
		if s.log != nil {
			if err := s.log.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// clock is a clock that tests set; it begins at 1,000 s so that no time is 0.
type clock struct {
	mu    sync.Mutex
	after time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.UnixMilli(1_000_000).Add(c.after)
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.after += d
}

func (c *clock) ms() int64 { return c.Now().UnixMilli() }

// script is what the commands of one file share.
type script struct {
	fs     *vfs.MemFS
	clock  *clock
	opt    Options
	log    *Log
	queues map[int]*Queue
	hands  map[[2]int]Entry // by queue and number: what was taken and has not ended
}

var scriptCommands = map[string]func(s *script, d *datadriven.TestData) string{
	"open":   (*script).open,
	"close":  (*script).close,
	"crash":  (*script).crash,
	"queue":  (*script).queue,
	"append": (*script).append,
	"fill":   (*script).fill,
	"take":   (*script).take,
	"settle": func(s *script, d *datadriven.TestData) string {
		return s.end(d, func(q *Queue, e *Entry) error { return q.Settle(e) })
	},
	"park": func(s *script, d *datadriven.TestData) string {
		return s.end(d, func(q *Queue, e *Entry) error {
			e.Attempts++
			return q.Park(e, s.clock.ms()+duration(d, "for").Milliseconds())
		})
	},
	"bury": func(s *script, d *datadriven.TestData) string {
		return s.end(d, func(q *Queue, e *Entry) error {
			return q.Bury(e, Death{Time: s.clock.ms(), Status: 400, Reason: word(d, "reason")})
		})
	},
	"return": func(s *script, d *datadriven.TestData) string {
		return s.end(d, func(q *Queue, e *Entry) error { q.Return(e); return nil })
	},
	"revive": (*script).revive,
	"dead":   (*script).dead,
	"hold":   func(s *script, d *datadriven.TestData) string { s.q(d).Hold(true); return "" },
	"go-on":  func(s *script, d *datadriven.TestData) string { s.q(d).Hold(false); return "" },
	"drop":   func(s *script, d *datadriven.TestData) string { return outcome(s.log.Drop(s.q(d))) },
	"due":    (*script).due,
	"stats":  (*script).stats,
	"log":    (*script).describe,
	"wait":   func(s *script, d *datadriven.TestData) string { s.clock.forward(duration(d, "for")); return "" },
	"save":   func(s *script, d *datadriven.TestData) string { return outcome(s.log.saveCursors(pebble.NoSync)) },
	"sync":   (*script).sync,
	"trim":   (*script).trim,
	"put":    (*script).put,
	"get":    (*script).get,
	"erase":  (*script).erase,
	"state":  (*script).state,
	"disk":   (*script).disk,
}
