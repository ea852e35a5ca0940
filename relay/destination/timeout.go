package destination

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
