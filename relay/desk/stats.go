package desk

// Stats is what a webhook's sender does, and what it did lately.
type Stats struct {
	Name string `json:"name"`
	Live
	Lanes int    `json:"lanes"` // requests that can be under way now
	Short Series `json:"short"` // the last quarter of an hour, in steps of 10 s
	Long  Series `json:"long"`  // the last three hours, in minutes

	Export *Export `json:"export,omitempty"` // nil: it collects no files, and none are left
}

// Stats is how a webhook is doing.
func (d *Desk) Stats(name string) (Stats, error) {
	w, err := d.opt.Hooks.Get(name)
	if err != nil {
		return Stats{}, refusal(err)
	}
	s := Stats{Name: w.Name, Export: d.opt.Export(w.Name)}
	d.watch.with(func(of func(uint32) (*Pulse, *meter)) {
		p, m := of(w.Queue)
		now := d.opt.Now()
		s.Live = show(&w, p, m, now).Live
		if m == nil {
			m = &meter{}
		}
		if p != nil {
			s.Lanes = p.Lanes
		}
		s.Short, s.Long = m.short.series(shortStep, shortSteps, now), m.long.series(longStep, longSteps, now)
	})
	return s, nil
}
