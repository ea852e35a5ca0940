// Package wal is the log between the relay's two halves: records go in under one synced commit per group, and each
// queue (one per webhook) reads back the records that name it, in order, until every one of them has ended.
//
// It knows bytes, numbers and time. It knows no HTTP, no JSON, no webhook and no event; it lives on one Pebble
// instance, and nothing outside this package knows of Pebble, blocks or files.
//
//	log, err := wal.Open(wal.Options{Dir: "data"})
//	queue, err := log.Queue(7, wal.QueueOptions{Wake: wake})
//	batch.Add(wal.Record{Body: body, Receivers: []wal.Receiver{{Queue: 7}}})
//	_, err = log.Append(&batch)             // returns after the fsync
//	entry, ok, err := queue.Take(now)       // … deliver entry.Body …
//	err = queue.Settle(&entry)              // or Park, or Bury
//
// Log and Queue are safe for concurrent use. A Batch belongs to one goroutine, and to the log between Submit and the
// return of Wait.
//
// # Keys
//
// Numbers in keys are big endian, so that keys sort by number. Do not change a line of this table without a new
// format number (see format.go).
//
//	b <first seq 8>                      block: the records of one group commit, compressed       (block.go)
//	c                                    snapshot of all queues' cursors, with its generation     (cursor.go)
//	c <queue 4>                          one queue's cursor, written with a parked or dead letter (cursor.go)
//	d <queue 4> <seq 8>                  dead letter                                              (dead.go)
//	i <first seq 8>                      index of the block of that number: time, size, queues,
//	                                     identities                                               (index.go)
//	m start                              first sequence number that trimming has left             (trim.go)
//	o <queue 4> <order 8> <seq 8>        delivery held behind another of its order key            (order.go)
//	p <queue 4> <due ms 8> <seq 8>       delivery parked until its next attempt                   (parked.go)
//	s <key>                              state of the packages above: registry, people            (state.go)
//
// # Why nothing is lost
//
// Assumed: an fsync that returned is kept by the disk, and Pebble recovers a prefix of its own log that contains every
// synced write (its checksums cut a torn tail off). So after a crash the store is as it was after some write W, and
// every write up to the last synced one is at or before W. The writes, and what a crash right before or after each
// leaves behind:
//
//   - Group commit (blocks, their index keys, the state that their events changed; one batch, synced). Before it: no
//     caller of that group was answered, and nothing of it exists. After it: all of it exists. The sequence numbers of
//     blocks have no gap, because one goroutine gives them out and writes them in order.
//   - Snapshot of the cursors (synced, every CursorInterval while anything moves). It says for each queue up to where records were handed
//     out and which of those had not ended. Losing it means an older one is found: records handed out since are handed
//     out again (repeats), none is left out, because a position is only ever saved after the records before it were
//     handed out or had ended.
//   - Parking, holding and burying a delivery (one batch, unsynced: the copy under its new key, the old key's removal,
//     and that queue's cursor). The copy and the cursor that no longer waits for the log's record are one write: either
//     both are found or the record is handed out again from the log.
//   - The end of a delivery costs no write when it came from the log; one that was parked or held has its key deleted
//     together with the cursor. Losing that repeats the delivery.
//   - Trimming (one batch, unsynced: the range deletes and the new start). Order in Pebble's log is the order of the
//     writes, so a trim is never found without the cursors, parked copies and dead letters that were written before it.
//
// A record is therefore lost only when a limit that the operator set trims it, and that is counted (Stats.Trimmed).
package wal
