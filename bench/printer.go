package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
)

// printer prints results as a table for people, or one JSON object a line.
type printer struct {
	out  io.Writer
	json bool
}

func newPrinter(out io.Writer, o Options) *printer {
	p := &printer{out: out, json: o.JSON}
	if !p.json {
		fmt.Fprintf(out, "%-9s %10s %7s %8s %8s   %10s %6s %8s %6s\n",
			"line", "events/s", "cpu µs", "p50 ms", "p99 ms", "reference", "ratio", "p99 ×", "cpu ×")
	}
	return p
}

func (p *printer) print(l line, r Result) {
	if p.json {
		for _, f := range []*float64{&r.Rate, &r.CPU, &r.P50, &r.P99, &r.RSS, &r.ReferenceRate, &r.ReferenceCPU, &r.ReferenceP99, &r.Ratio, &r.P99Ratio, &r.CPURatio} {
			*f = math.Round(*f*1000) / 1000
		}
		text, err := json.Marshal(r)
		if err != nil {
			panic(err) // numbers and texts only
		}
		fmt.Fprintf(p.out, "%s\n", text)
		return
	}
	fmt.Fprintf(p.out, "%-9s %10.0f %7.1f %8.2f %8.2f", r.Line, r.Rate, r.CPU, r.P50, r.P99)
	if l.against != nil {
		fmt.Fprintf(p.out, "   %10.0f %6.2f %8.2f %6.2f", r.ReferenceRate, r.Ratio, r.P99Ratio, r.CPURatio)
	}
	fmt.Fprintf(p.out, "\n          %s; against: %s; most memory %.0f MiB\n", l.about, l.reference, r.RSS)
}
