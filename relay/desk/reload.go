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

// Compare says what a reload would change if the config file held this text, and changes nothing. name stands for the text
// in what is said of its faults.
func (d *Desk) Compare(name string, text []byte) ([]Change, error) {
	changes, err := d.opt.Compare(name, text)
	return append([]Change{}, changes...), err
}
