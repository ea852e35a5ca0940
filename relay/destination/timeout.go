package destination

import "net/http"

// onTimeout is the setting of types whose vendor knows no repeats: what becomes of events whose request was sent and never
// answered. Such an event is either there twice now and then, or a dead letter that people look at and replay.
func onTimeout(standard string) Setting {
	return Setting{
		Name: "on_timeout", Default: standard, Choices: []string{"drop", "retry"},
		Text: "what becomes of events whose request was never answered: drop makes them dead letters, retry may double them",
	}
}

// once says whether such events are dropped.
func once(s *Settings) bool { return s.Of("on_timeout") == "drop" }

// onlyOnce has a judge not send again what may have been taken, where on_timeout says drop. A gateway that gave up waiting is as
// good as no answer, and so is a 2xx that leaves it open.
func onlyOnce(drop bool, judge func(a *Answer) Verdict) func(a *Answer) Verdict {
	if !drop {
		return judge
	}
	return func(a *Answer) Verdict {
		v := judge(a)
		silent := a.Status == http.StatusBadGateway || a.Status == http.StatusGatewayTimeout
		if v.Outcome == Retry && v.Each == nil && (silent || a.fine()) {
			v.Outcome, v.After = Final, 0
			v.Reason = clip(v.Reason + `; it may have been taken: look before you replay, or set settings.on_timeout = "retry"`)
		}
		return v
	}
}
