// Package bench measures the relay from outside, over loopback, beside reference lines that do less: every figure is
// also a ratio to a reference that ran in turn with it, because a machine's absolute speed says little.
//
// Each line starts the real program as a child process on port 0 and a data folder of its own, loads it with a load
// generator in this process, and counts what arrives at a receiver in this process. So relay, load and receiver share
// the machine's cores, as the figures of the other tools in this field do too. Times and sizes are bounded; nothing
// leaves loopback.
//
// It knows the program's commands, config and endpoints, and none of its packages, but for the references (see
// reference.go), which are built from the same parts less the one thing they are there to leave out.
package bench

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Options say how much to measure.
type Options struct {
	Program     string        // path of the edgerelay binary that is measured
	Duration    time.Duration // of each measurement; default 4 s
	Rounds      int           // reference and line run in turn this often, medians count; default 3
	Connections int           // of the load generator; default 256
	Events      int           // of backlog lines; default 300,000
	Dir         string        // for data folders; default the system's temporary folder
	JSON        bool
}

func (o *Options) ensureDefaults() {
	o.Duration = cmp.Or(o.Duration, 4*time.Second)
	o.Rounds = cmp.Or(o.Rounds, 3)
	o.Connections = cmp.Or(o.Connections, 256)
	o.Events = cmp.Or(o.Events, 300_000)
	o.Dir = cmp.Or(o.Dir, os.TempDir())
}

// Figure is what one measurement gave.
type Figure struct {
	Rate  float64 // events a second
	CPU   float64 // µs of the measured process per event
	P50   float64 // ms, of what the line says it times
	P99   float64 // ms
	RSS   int64   // bytes, highest of the measured process; 0 when not looked at
	Count int     // events
}

// line is one thing to measure.
type line struct {
	name      string
	about     string
	reference string // what it is held against, in words
	// measure and against run once per round, one after the other. against is nil for a line without a reference.
	measure func(ctx context.Context, r *round) (Figure, error)
	against func(ctx context.Context, r *round) (Figure, error)
	optIn   bool // runs only when named
}

// round is what a measurement may use.
type round struct {
	Options
	dir   string  // a fresh folder, removed afterwards
	other *Figure // the reference's figure of this round
}

// Result is a line's medians, printed as one JSON object a line with --json.
type Result struct {
	Line          string  `json:"line"`
	Rate          float64 `json:"rate"`
	CPU           float64 `json:"cpu_us"`
	P50           float64 `json:"p50_ms"`
	P99           float64 `json:"p99_ms"`
	RSS           float64 `json:"rss_mib,omitempty"`
	Reference     string  `json:"reference"`
	ReferenceRate float64 `json:"reference_rate"`
	ReferenceCPU  float64 `json:"reference_cpu_us"`
	ReferenceP99  float64 `json:"reference_p99_ms"`
	Ratio         float64 `json:"ratio"`
	P99Ratio      float64 `json:"p99_ratio,omitempty"`
	CPURatio      float64 `json:"cpu_ratio,omitempty"`
}

// UsageError is what is wrong with how a command was called.
type UsageError string

func (e UsageError) Error() string { return string(e) }

// Names are the lines there are.
func Names() []string {
	var names []string
	for _, l := range lines() {
		names = append(names, l.name)
	}
	return names
}

// Run measures the named lines, all but the long ones when none is named, and prints each as it is done.
func Run(ctx context.Context, names []string, o Options) error {
	o.ensureDefaults()
	chosen, err := choose(names)
	if err != nil {
		return err
	}
	p := newPrinter(os.Stdout, o)
	for _, l := range chosen {
		result, err := l.run(ctx, o)
		if err != nil {
			return fmt.Errorf("measure %s: %w", l.name, err)
		}
		p.print(l, result)
	}
	return nil
}

func choose(names []string) ([]line, error) {
	all := lines()
	if len(names) == 0 {
		return slices.DeleteFunc(all, func(l line) bool { return l.optIn }), nil
	}
	var chosen []line
	for _, name := range names {
		at := slices.IndexFunc(all, func(l line) bool { return l.name == name })
		if at < 0 {
			return nil, UsageError(fmt.Sprintf("there is no line %q; choose from %s", name, strings.Join(Names(), ", ")))
		}
		chosen = append(chosen, all[at])
	}
	return chosen, nil
}

// run measures the reference and the line in turn, and takes the medians. The ratio is the median of the rounds'
// ratios: both halves of one round saw the same neighbours on the machine.
func (l line) run(ctx context.Context, o Options) (Result, error) {
	var own, other, ratios, p99s, cpus []float64
	var figures, references []Figure
	for range o.Rounds {
		r := &round{Options: o}
		var reference Figure
		if l.against != nil {
			var err error
			if reference, err = r.once(ctx, l.against); err != nil {
				return Result{}, fmt.Errorf("reference: %w", err)
			}
			r.other = &reference
		}
		f, err := r.once(ctx, l.measure)
		if err != nil {
			return Result{}, err
		}
		figures, references = append(figures, f), append(references, reference)
		own, other = append(own, f.Rate), append(other, reference.Rate)
		if reference.Rate > 0 {
			ratios = append(ratios, f.Rate/reference.Rate)
		}
		if reference.P99 > 0 {
			p99s = append(p99s, f.P99/reference.P99)
		}
		if reference.CPU > 0 {
			cpus = append(cpus, f.CPU/reference.CPU)
		}
	}
	of := func(from []Figure, field func(Figure) float64) float64 {
		var all []float64
		for _, f := range from {
			all = append(all, field(f))
		}
		return median(all)
	}
	return Result{Line: l.name, Reference: l.reference,
		Rate: median(own), ReferenceRate: median(other), Ratio: median(ratios), P99Ratio: median(p99s), CPURatio: median(cpus),
		CPU:          of(figures, func(f Figure) float64 { return f.CPU }),
		P50:          of(figures, func(f Figure) float64 { return f.P50 }),
		P99:          of(figures, func(f Figure) float64 { return f.P99 }),
		RSS:          of(figures, func(f Figure) float64 { return float64(f.RSS) / (1 << 20) }),
		ReferenceCPU: of(references, func(f Figure) float64 { return f.CPU }),
		ReferenceP99: of(references, func(f Figure) float64 { return f.P99 }),
	}, nil
}

// once runs one measurement in a fresh folder.
func (r *round) once(ctx context.Context, measure func(context.Context, *round) (Figure, error)) (Figure, error) {
	dir, err := os.MkdirTemp(r.Dir, "edgerelay-bench-")
	if err != nil {
		return Figure{}, err
	}
	defer os.RemoveAll(dir)
	r.dir = filepath.Clean(dir)
	return measure(ctx, r)
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	if n := len(values); n%2 == 0 {
		return (values[n/2-1] + values[n/2]) / 2
	}
	return values[len(values)/2]
}
