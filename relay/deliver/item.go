package deliver

// span is where an event's item begins and ends in a body.
type span struct{ start, end int }

// item is what was sent of the batch's event i, nil where nothing was made of it. It is valid until the next body begins.
func (l *lane) item(i int) []byte {
	if i < 0 || i >= min(l.items, len(l.spans)) { // a template's body has no items
		return nil
	}
	return l.body[l.spans[i].start:l.spans[i].end]
}
