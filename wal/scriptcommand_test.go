package wal

import (
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/cockroachdb/pebble/v2/vfs"
)

func (s *script) open(d *datadriven.TestData) string {
	s.opt = Options{Dir: "log", FS: s.fs, Now: s.clock.Now, Compression: "none", Logger: slog.New(slog.DiscardHandler),
		CursorInterval: time.Hour, TrimInterval: time.Hour, Retain: duration(d, "retain"), DedupeWindow: duration(d, "dedupe"),
		SizeMax: number(d, "size"), DiskReserve: number(d, "reserve"), DeadRetain: duration(d, "dead-retain"),
		Memory: max(number(d, "memory"), 1<<20)}
	l, err := Open(s.opt)
	if err != nil {
		return err.Error()
	}
	s.log = l
	if waiting := l.Waiting(); len(waiting) > 0 {
		slices.Sort(waiting)
		return fmt.Sprintf("queues that wait to be opened: %v", waiting)
	}
	return ""
}

func (s *script) close(*datadriven.TestData) string {
	err := s.log.Close()
	s.forget()
	return outcome(err)
}

// crash takes the power away: unsynced is the share of what was written and not synced that the disk has kept.
func (s *script) crash(d *datadriven.TestData) string {
	cfg := vfs.CrashCloneCfg{UnsyncedDataPercent: int(number(d, "unsynced")), RNG: rand.New(rand.NewPCG(1, 2))}
	crashed := s.fs.CrashClone(cfg)
	crashed.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 1 << 40, TotalBytes: 1 << 40})
	err := s.log.Close()
	s.fs = crashed
	s.forget()
	return outcome(err)
}

func (s *script) forget() {
	s.log = nil
	clear(s.queues)
	clear(s.hands)
}

func (s *script) queue(d *datadriven.TestData) string {
	id := number(d, "q")
	q, err := s.log.Queue(uint32(id), QueueOptions{Ordered: d.HasArg("ordered"), Yields: d.HasArg("yields")})
	if err == nil {
		s.queues[int(id)] = q
	}
	return outcome(err)
}

// append's input is one record a line: its body, the queues it is for, and perhaps order=NAME or id=NAME.
func (s *script) append(d *datadriven.TestData) string {
	var b Batch
	for line := range strings.Lines(d.Input) {
		r := Record{}
		for i, field := range strings.Fields(line) {
			name, value, pair := strings.Cut(field, "=")
			switch {
			case i == 0:
				r.Body = []byte(field)
			case pair && name == "order":
				r.Order = hashOf(value)
			case pair && name == "id":
				r.Identity = hashOf(value)
			default:
				var q uint32
				fmt.Sscan(field, &q)
				r.Receivers = append(r.Receivers, Receiver{Queue: q})
			}
		}
		b.Add(r)
	}
	got, err := s.log.Append(&b)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("first %d, stored %d, duplicates %d", got.First, got.Stored, got.Duplicates)
}

// fill appends n records of a size for one queue, each in a commit of its own.
func (s *script) fill(d *datadriven.TestData) string {
	body := []byte(strings.Repeat("x", int(number(d, "size"))))
	for i := range number(d, "n") {
		var b Batch
		b.Add(Record{Body: body, Receivers: []Receiver{{Queue: uint32(number(d, "q"))}}})
		if _, err := s.log.Append(&b); err != nil {
			return fmt.Sprintf("record %d of the fill: %v", i+1, err)
		}
	}
	return ""
}

func (s *script) take(d *datadriven.TestData) string {
	q, out := s.q(d), []string(nil)
	for range max(number(d, "n"), 1) {
		e, ok, err := q.Take(s.clock.ms())
		if err != nil {
			return err.Error()
		}
		if !ok {
			out = append(out, "nothing")
			break
		}
		s.hands[[2]int{int(q.id), int(e.Seq)}] = e
		line := fmt.Sprintf("%d %.10s", e.Seq, e.Body)
		if e.Attempts > 0 {
			line += fmt.Sprintf(", attempts %d", e.Attempts)
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// end ends one entry, or several: seq=(1,2).
func (s *script) end(d *datadriven.TestData, f func(q *Queue, e *Entry) error) string {
	arg, ok := d.Arg("seq")
	if !ok {
		d.Fatalf(new(testing.T), "seq= is missing")
	}
	for _, val := range arg.Vals {
		var seq int
		fmt.Sscan(val, &seq)
		at := [2]int{int(number(d, "q")), seq}
		e, held := s.hands[at]
		if !held {
			return fmt.Sprintf("%d was not taken", seq)
		}
		delete(s.hands, at)
		if err := f(s.q(d), &e); err != nil {
			return err.Error()
		}
	}
	return ""
}

func (s *script) revive(d *datadriven.TestData) string {
	found, err := s.q(d).Revive(uint64(number(d, "seq")), s.clock.ms()+duration(d, "for").Milliseconds())
	if err != nil || found {
		return outcome(err)
	}
	return "no such dead letter"
}

func (s *script) dead(d *datadriven.TestData) string {
	letters, err := s.q(d).Dead(0, 100)
	var out []string
	for _, l := range letters {
		out = append(out, fmt.Sprintf("%d %s: status %d, %s, attempts %d", l.Seq, l.Body, l.Status, l.Reason, l.Attempts))
	}
	return outcome(err) + strings.Join(out, "\n")
}

func (s *script) due(d *datadriven.TestData) string {
	switch due := s.q(d).NextDue(); due {
	case 0:
		return "at once"
	case math.MaxInt64:
		return "nothing is parked"
	default:
		return "in " + time.Duration((due-s.clock.ms())*int64(time.Millisecond)).String()
	}
}

func (s *script) stats(d *datadriven.TestData) string {
	st := s.q(d).Stats()
	oldest := "none"
	if st.Oldest != 0 {
		oldest = time.Duration((s.clock.ms() - st.Oldest) * int64(time.Millisecond)).String()
	}
	return fmt.Sprintf("backlog %d, flight %d, parked %d, dead %d, trimmed %d, oldest %s",
		st.Backlog, st.Flight, st.Parked, st.Dead, st.Trimmed, oldest)
}

func (s *script) describe(*datadriven.TestData) string {
	st := s.log.Stats()
	out := fmt.Sprintf("start %d, head %d, trimmed %d, identities %d", st.Start, st.Head, st.Trimmed, st.Identities)
	if full := s.log.Full(); full != "" {
		out += "\nfull: " + full
	}
	if s.log.DiskLow() {
		out += "\nthe disk is low"
	}
	return out
}

func (s *script) sync(*datadriven.TestData) string {
	s.log.unsynced.Store(true)
	s.log.syncNow()
	return ""
}

func (s *script) trim(*datadriven.TestData) string {
	if err := s.log.trim(); err != nil {
		return err.Error()
	}
	if err := errors.Join(s.log.limitDead(), s.log.trimDead()); err != nil {
		return err.Error()
	}
	s.log.watchLimits()
	return ""
}

func (s *script) put(d *datadriven.TestData) string {
	return outcome(s.log.Set([]byte(word(d, "key")), []byte(word(d, "value"))))
}

func (s *script) get(d *datadriven.TestData) string {
	value, found, err := s.log.Get(nil, []byte(word(d, "key")))
	if err != nil || !found {
		return outcome(err) + "none"
	}
	return string(value)
}

func (s *script) erase(d *datadriven.TestData) string {
	return outcome(s.log.Erase([]byte(word(d, "from")), []byte(word(d, "to"))))
}

func (s *script) state(*datadriven.TestData) string {
	var out []string
	err := s.log.Scan(nil, nil, func(key, value []byte) bool {
		out = append(out, fmt.Sprintf("%s = %s", key, value))
		return true
	})
	return outcome(err) + strings.Join(out, "\n")
}

func (s *script) disk(d *datadriven.TestData) string {
	s.fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: uint64(number(d, "free")), TotalBytes: 1 << 40})
	return ""
}

func (s *script) q(d *datadriven.TestData) *Queue { return s.queues[int(number(d, "q"))] }

func outcome(err error) string {
	if err != nil {
		return err.Error()
	}
	return ""
}

func word(d *datadriven.TestData, key string) (value string) {
	if arg, ok := d.Arg(key); ok {
		return strings.Join(arg.Vals, " ")
	}
	return ""
}

func number(d *datadriven.TestData, key string) (n int64) {
	fmt.Sscan(word(d, key), &n)
	return n
}

func duration(d *datadriven.TestData, key string) time.Duration {
	value, _ := time.ParseDuration(word(d, key))
	return value
}

func hashOf(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum64()
}
