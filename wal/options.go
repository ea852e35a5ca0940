package wal

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// Options say where a log lives and how much it may take. Zero fields get the defaults named with them.
type Options struct {
	// Dir is the folder; it is made when it does not exist.
	Dir string
	// FS is the file system; the machine's own by default. Tests put a faulty or a crashing one here.
	FS vfs.FS
	// SyncInterval of 0 answers every append after its fsync. More than 0 answers once written and syncs at most that
	// much later: a power loss may then lose what was accepted in the last interval.
	SyncInterval time.Duration
	// Retain is the age at which records are trimmed, delivered or not, at the latest a sixty-fourth later. Default 72 h.
	Retain time.Duration
	// SizeMax is the size in bytes at which delivered records are trimmed early and, when that is not enough, appends
	// are refused with ErrFull. Copies of parked deliveries count; dead letters take up to an eighth of it beside, then
	// the oldest go. Default 20 GiB.
	SizeMax int64
	// DiskReserve is the free space in bytes below which appends are refused with ErrFull: Pebble must never meet a full
	// disk, and needs room to compact. A quarter of it, at most 64 MiB, is taken by a file that is given up when another
	// program was faster. Default 256 MiB. Negative turns both off.
	DiskReserve int64
	// Memory is the bound in bytes from which the shares below are cut. Default 64 MiB.
	Memory int64
	// Compression of blocks: none, s2 (default) or zstd.
	Compression string
	// DedupeWindow is how long identities are remembered; 0 turns that off.
	DedupeWindow time.Duration
	// CursorInterval is how often cursors are saved. After a crash at most the records handed out in one interval, and
	// those in flight, are delivered again. Default 100 ms.
	CursorInterval time.Duration
	// TrimInterval is how often limits are looked at. Default 1 s.
	TrimInterval time.Duration
	// DeadRetain is how long dead letters are kept. Default 14 days.
	DeadRetain time.Duration
	// Name is what a queue is called in the log's words to operators. Default: its number.
	Name func(queue uint32) string
	// Logger gets changes of state. Default slog.Default.
	Logger *slog.Logger
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Shares of Options.Memory. The tail takes half: at 64 MiB that is a second of 600-byte events at 50,000/s, which is
// what queues that keep up need. Pebble's memtables: a quarter each, of which two are usual and four stop writes.
// The block cache is small because the log is read once and in order. Identities take as much again as the tail:
// 32 MiB remember about two million.
func (o *Options) tailBytes() int64     { return o.Memory / 2 }
func (o *Options) memtableBytes() int64 { return min(max(o.Memory/4, 1<<20), 64<<20) }
func (o *Options) cacheBytes() int64    { return max(o.Memory/8, 1<<20) }
func (o *Options) identityBytes() int64 { return o.Memory / 2 }
func (o *Options) pendingBytes() int64  { return max(o.Memory/4, 8<<20) }

func (o *Options) ensureDefaults() {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Retain == 0 {
		o.Retain = 72 * time.Hour
	}
	if o.SizeMax == 0 {
		o.SizeMax = 20 << 30
	}
	if o.DiskReserve == 0 {
		o.DiskReserve = 256 << 20
	}
	if o.Memory == 0 {
		o.Memory = 64 << 20
	}
	if o.Compression == "" {
		o.Compression = "s2"
	}
	if o.CursorInterval == 0 {
		o.CursorInterval = 100 * time.Millisecond
	}
	if o.TrimInterval == 0 {
		o.TrimInterval = time.Second
	}
	if o.DeadRetain == 0 {
		o.DeadRetain = 14 * 24 * time.Hour
	}
	if o.Name == nil {
		o.Name = func(queue uint32) string { return strconv.FormatUint(uint64(queue), 10) }
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

func (o *Options) validate() error {
	var faults []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	fault(o.Dir == "", "no folder is given")
	fault(o.SyncInterval < 0, "sync interval %v is negative", o.SyncInterval)
	fault(o.Retain < time.Second, "retain %v is under 1s", o.Retain)
	fault(o.SizeMax < 1<<20, "size limit %d is under 1 MiB", o.SizeMax)
	fault(o.Memory < 1<<20, "memory %d is under 1 MiB", o.Memory)
	fault(o.DedupeWindow < 0, "dedupe window %v is negative", o.DedupeWindow)
	return errors.Join(faults...)
}
