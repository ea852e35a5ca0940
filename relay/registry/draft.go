package registry

import "edgerelay/relay/hook"

// Draft is the webhook that a document would make, or, with the name of one made by the API, what its merge patch would
// make of that. It is checked like one that is kept, but that it is off, and may yet have no name. Nothing is kept.
func (r *Registry) Draft(name string, d hook.Document) (*hook.Webhook, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := hook.Document{}
	if name != "" {
		e, err := r.mine(name, "be edited")
		if err != nil {
			return nil, err
		}
		before = e.document
	}
	draft := &entry{document: before.Merge(d).Merge(hook.Document{"enabled": no})}
	if len(draft.document["name"]) == 0 {
		draft.document["name"] = []byte(`"draft"`)
	}
	if draft.compile(r.rules); draft.hook == nil {
		return nil, invalid(draft.faults)
	}
	return draft.hook, nil
}
