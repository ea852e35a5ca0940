package wal

import (
	"fmt"
	"slices"
	"strings"
)

// append submits up to three batches at once.
func (p *program) append() {
	p.t.Helper()
	var batches []*Batch
	var models []*batchModel
	wants := map[*Batch]Appended{}
	next := p.model.head
	for range 1 + p.rng.IntN(3) {
		b, m, duplicates := p.batch()
		want := Appended{Stored: len(m.records), Duplicates: duplicates}
		if want.Stored > 0 {
			want.First = next + 1
		}
		next += uint64(want.Stored)
		wants[b] = want
		p.model.appended(m)
		batches, models = append(batches, b), append(models, m)
	}
	for _, b := range batches {
		p.must(p.log.Submit(b))
	}
	wrote := false
	for i, b := range batches {
		got, err := b.Wait()
		p.must(err)
		if got != wants[b] {
			p.model.fault("append answers %+v, want %+v", got, wants[b])
		}
		wrote = wrote || got.Stored > 0 || len(models[i].puts) > 0
	}
	if wrote && p.opt.SyncInterval == 0 && !p.disk.crashed() {
		p.model.allSynced()
	}
}

// stateKeys are written to by random batches.
const stateKeys = 6

// batch is a random batch with what is to be expected of it, given that those before it in the model are stored.
func (p *program) batch() (*Batch, *batchModel, int) {
	b, m, duplicates := &Batch{}, &batchModel{puts: map[string]string{}}, 0
	for range p.rng.IntN(4) {
		p.serial++
		size := p.rng.IntN(p.sizes)
		if p.rng.IntN(200) == 0 {
			size = blockBytesMax // so that a group needs more than one block
		}
		r := &record{body: fmt.Sprintf("r%d %s", p.serial, strings.Repeat("-", size)), notes: map[uint32]string{},
			order: uint64(p.rng.IntN(4))}
		if p.rng.IntN(2) == 0 {
			r.identity = uint64(1 + p.rng.IntN(p.serial+5))
		}
		var receivers []Receiver
		for _, q := range crashQueues {
			if p.rng.IntN(3) == 0 {
				note := strings.Repeat("n", p.rng.IntN(3))
				r.notes[q] = note
				receivers = append(receivers, Receiver{Queue: q, Note: []byte(note)})
			}
		}
		b.Add(Record{Body: []byte(r.body), Receivers: receivers, Order: r.order, Identity: r.identity})
		if r.identity != 0 && (p.model.known(r.identity) || slices.ContainsFunc(m.records, func(o *record) bool { return o.identity == r.identity })) {
			duplicates++
			continue
		}
		m.records = append(m.records, r)
	}
	for range p.rng.IntN(3) {
		key := fmt.Sprint("key", p.rng.IntN(stateKeys))
		switch p.rng.IntN(8) {
		case 0, 1:
			b.Delete([]byte(key))
			m.puts[key] = ""
			continue
		case 2:
			to := fmt.Sprint("key", p.rng.IntN(stateKeys))
			b.Erase([]byte(key), []byte(to))
			for i := range stateKeys {
				if at := fmt.Sprint("key", i); key <= at && at < to {
					m.puts[at] = ""
				}
			}
			continue
		}
		m.puts[key] = fmt.Sprint("value", p.serial, p.model.step)
		b.Put([]byte(key), []byte(m.puts[key]))
	}
	return b, m, duplicates
}
