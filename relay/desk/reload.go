package desk

import "context"

// Change is one setting that the config file has changed.
type Change struct {
	Key  string `json:"key"`  // "delivery.retries", "webhook.crm.url"
	From string `json:"from"` // "" = it was not there; secrets are not shown
	To   string `json:"to"`
	Live bool   `json:"live"` // in force now; else from the next start on
}

// Reload puts the config file, as it is now, in force: all of it, or nothing when it is faulty.
func (d *Desk) Reload(ctx context.Context) ([]Change, error) {
	changes, err := d.opt.Reload(ctx)
	d.watch.forget()
	return append([]Change{}, changes...), err
}
