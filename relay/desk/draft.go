package desk

import (
	"context"

	"edgerelay/relay/hook"
)

// TryDraft is Try with settings that are not kept: those of a new webhook, or, with the name of one that there is, a merge
// patch to it. What is wrong with them is refused as Create and Edit do.
func (d *Desk) TryDraft(ctx context.Context, name string, settings hook.Document, what []byte) (Trial, error) {
	w, err := d.opt.Hooks.Draft(name, settings)
	if err != nil {
		return Trial{}, refusal(err)
	}
	return d.try(ctx, w, what)
}
