package people

import (
	"edgerelay/relay/event"
)

// Person is one record, to look at. It is filled by Book.Load, reusable, and belongs to one goroutine. What its methods
// return is valid until the next Load.
type Person struct {
	reader reader
	kind   Kind
	id     []byte
	record record
}

// Load fills p with a visitor's or account's record, and says whether there is one. A change that waits for the disk is
// already in it.
func (b *Book) Load(p *Person, kind Kind, app string, id []byte) (found bool, err error) {
	p.kind, p.id, p.record = kind, append(p.id[:0], id...), record{}
	if present(id) == nil {
		return false, nil
	}
	p.record, found, err = b.read(&p.reader, kind, app, id)
	return found, err
}

// Seen says that the person was seen in the app. A record that the metadata API made may wait for that.
func (p *Person) Seen() bool { return p.record.seen }

// DoNotProcess says that the visitor is marked so.
func (p *Person) DoNotProcess() bool { return p.record.refused }

// Metadata is one group, a stable JSON object; nil when there is none.
func (p *Person) Metadata(group Group) []byte { return p.record.group(group) }

// Field is one field's value as stable JSON; nil when the group has no such field.
func (p *Person) Field(group Group, name string) []byte {
	return event.Lookup(p.record.group(group), name)
}

// AppendJSON appends the person as Pendo's GET /api/v1/visitor/ID shows one, in stable JSON:
//
//	{"id":"v1","accountIds":["acct-1"],"metadata":{"auto":{"firstvisit":1795240752305},"agent":{"plan":"gold"}}}
//
// An account has no accountIds. Groups without fields are left out.
func (p *Person) AppendJSON(dst []byte) []byte {
	dst = append(append(dst, `{"id":`...), p.id...)
	if p.kind == Visitor {
		dst = append(dst, `,"accountIds":[`...)
		comma := false
		p.record.eachAccount(func(account []byte) bool {
			if comma {
				dst = append(dst, ',')
			}
			comma = true
			dst = append(dst, account...)
			return true
		})
		dst = append(dst, ']')
	}
	dst = append(dst, `,"metadata":{`...)
	for g := Auto; g < groups; g++ {
		if object := p.record.metadata[g]; object != nil {
			if dst[len(dst)-1] != '{' {
				dst = append(dst, ',')
			}
			dst = append(append(append(dst, '"'), g.String()...), `":`...)
			dst = append(dst, object...)
		}
	}
	return append(dst, "}}"...)
}
