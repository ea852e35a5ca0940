package strict

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing that is wrong in a file.
type Fault struct {
	File string
	Line int    // counted from 1; 0 when the fault has no place in the file
	Key  string // such as `intake.listen` or `webhook "crm": events[0]`; "" for the file as a whole
	Text string // what is wrong, and the next step
}

// String is the fault as one line: file, line, key, text.
func (f Fault) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	if f.Key != "" {
		b.WriteString(": " + f.Key)
	}
	return b.String() + ": " + f.Text
}

// Faults is everything that is wrong in a file, in the order of its lines.
type Faults []Fault

// Error has one line for each fault.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i := range f {
		lines[i] = f[i].String()
	}
	return strings.Join(lines, "\n")
}

// report collects the faults of one file, from all its tables.
type report struct {
	file   string
	lookup func(name string) (string, bool)
	faults Faults
	tables []*Table // all that were handed out, for the unknown keys in them
}

func (r *report) add(line int, key, format string, args ...any) {
	r.faults = append(r.faults, Fault{File: r.file, Line: line, Key: key, Text: fmt.Sprintf(format, args...)})
}

func (r *report) err() error {
	if len(r.faults) == 0 {
		return nil
	}
	slices.SortStableFunc(r.faults, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
	return r.faults
}
