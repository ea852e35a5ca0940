package wal

import "fmt"

// Bytes is the size of the log's records on disk, without what waits to be compacted away.
func (l *Log) Bytes() int64 { return int64(l.counters.bytes.Load() - l.startBytes.Load()) }

// heldBytes is what counts against SizeMax: the records, and the copies of those that wait outside the log.
func (l *Log) heldBytes() int64 { return l.Bytes() + max(l.copyBytes.Load(), 0) }

// Full is why appends are refused; "" when they are taken.
func (l *Log) Full() string {
	if reason := l.full.Load(); reason != nil {
		return *reason
	}
	return ""
}

// watchLimits refuses appends or takes them again. What was refused is taken again a sixteenth below the limit, so that
// a log at its limit does not change its mind with every look.
func (l *Log) watchLimits() {
	free, known := l.diskFree()
	sizeMax, reserve := l.opt.SizeMax, l.opt.DiskReserve
	if l.full.Load() != nil {
		sizeMax -= sizeMax / 16
		reserve += reserve / 16
	}
	switch size := l.heldBytes(); {
	case size >= sizeMax:
		l.refuse(fmt.Sprintf("the log holds %d bytes of undelivered records, its limit is %d: mend the slow receivers or raise [log] size_max", size, l.opt.SizeMax))
	case known && free < reserve:
		l.refuse(fmt.Sprintf("the disk has %d bytes free, %d must stay free: make room on the disk of %q", free, l.opt.DiskReserve, l.opt.Dir))
	default:
		l.accept()
	}
	l.keepBallast(free, known)
}

func (l *Log) refuse(reason string) {
	if l.full.Swap(&reason) == nil {
		l.logger.Error("log is full, new events are refused until there is room", "reason", reason)
	}
}

func (l *Log) accept() {
	if l.full.Swap(nil) != nil {
		l.logger.Info("log has room again, events are taken")
	}
}

// DiskLow says that less than Options.DiskReserve is free on the log's disk. Writes of state are taken all the same; who
// can do without them should, until there is room again.
func (l *Log) DiskLow() bool {
	free, known := l.diskFree()
	return known && free < l.opt.DiskReserve
}

// diskFree is the space on the log's disk, in bytes; known is false when the file system cannot tell, which is then not
// watched.
func (l *Log) diskFree() (free int64, known bool) {
	usage, err := l.opt.FS.GetDiskUsage(l.opt.Dir)
	if err != nil || l.opt.DiskReserve < 0 {
		return 0, false
	}
	return int64(min(usage.AvailBytes, 1<<62)), true
}

// keepBallast takes the ballast, at first and again after it was given up, once there is room for it and the reserve.
func (l *Log) keepBallast(free int64, known bool) {
	b := l.ballast
	if b.held.Load() || b.size == 0 || !known || free < l.opt.DiskReserve+2*b.size {
		return
	}
	if err := b.fill(); err != nil {
		l.logger.Warn("no disk space is kept in reserve", "error", err)
	}
}

// diskFull is called by the file system when a write has met a full disk in spite of the reserve, before that write is
// tried once more.
func (l *Log) diskFull() {
	if l.ballast.held.Load() {
		if err := l.ballast.release(); err != nil {
			l.logger.Error("the disk is full and the space in reserve cannot be given up", "error", err)
		}
	}
	l.refuse(fmt.Sprintf("the disk is full: make room on the disk of %q", l.opt.Dir))
}
