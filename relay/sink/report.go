package sink

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// reportEvery is how often a Sink that only counts says how far it is.
const reportEvery = time.Second

// report writes a line each second in which something came, and one more when it stops coming.
func (s *Sink) report(ctx context.Context) {
	ticker := time.NewTicker(reportEvery)
	defer ticker.Stop()
	var before Counts
	moving := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		counts := s.Counts()
		came := counts.Received + counts.Malformed - before.Received - before.Malformed
		if came > 0 || moving {
			s.write(s.reportLine(counts, counts.Received-before.Received))
		}
		before, moving = counts, came > 0
	}
}

// reportLine is one line about the last second, in which came deliveries were received.
func (s *Sink) reportLine(c Counts, came uint64) []byte {
	now := s.opts.Now()
	if s.opts.JSON {
		return jsonLine(struct {
			Time time.Time `json:"time"`
			Rate uint64    `json:"rate"`
			Counts
		}{now, came, c})
	}
	return fmt.Appendf(nil, "%s  %8d/s  %10d received%s\n", now.Format(clock), came, c.Received, details(c))
}

// summary says at the end what came, where the reports went or, when deliveries were printed, beside them.
func (s *Sink) summary() {
	c, seconds := s.Counts(), s.tally.span().Seconds()
	rate := 0.0
	if seconds > 0 {
		rate = float64(c.Received) / seconds
	}
	if s.opts.Count && s.opts.JSON {
		s.write(jsonLine(struct {
			Summary bool    `json:"summary"`
			Seconds float64 `json:"seconds"`
			Rate    float64 `json:"rate"`
			Counts
		}{true, seconds, rate, c}))
		return
	}
	line := fmt.Appendf(nil, "sink: received %d in %.1fs (%.0f/s)%s\n", c.Received, seconds, rate, details(c))
	if s.opts.Count {
		s.write(line)
	} else {
		_, _ = s.opts.Err.Write(line)
	}
}

// details are the counts behind the first, those that are rare only when there are any.
func details(c Counts) string {
	text := fmt.Sprintf("  distinct %d  repeated %d  bad signatures %d", c.Distinct, c.Repeated, c.BadSignatures)
	for _, rare := range []struct {
		name  string
		count uint64
	}{{"refused", c.Refused}, {"without uniqueId", c.Unnamed}, {"malformed", c.Malformed}} {
		if rare.count > 0 {
			text += fmt.Sprintf("  %s %d", rare.name, rare.count)
		}
	}
	return text
}

// jsonLine is v as one line. Only what always can be printed comes here.
func jsonLine(v any) []byte {
	line, err := json.Marshal(v)
	if err != nil {
		panic("BUG: print counts: " + err.Error())
	}
	return append(line, '\n')
}
