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
// Records stay until a limit trims them, delivered or not, and Read reads them again, whoever they were for.
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
//	c <queue 4>                          one queue's cursor, written with a parked or dead letter (cursor.go);
//	                                     empty: the queue was dropped                             (restore.go)
//	d <queue 4> <seq 8>                  dead letter                                              (dead.go)
//	i <first seq 8>                      index of the block of that number: time, size, queues,
//	                                     identities                                               (index.go)
//	m start                              first sequence number that trimming has left             (trim.go)
//	o <queue 4> <order 8> <seq 8>        delivery held behind another of its order key            (order.go)
//	p <queue 4> <due ms 8> <seq 8>       delivery parked until its next attempt                   (parked.go)
//	s <key>                              state of the packages above: registry, people, journal   (state.go)
//
// # Why nothing is lost
//
// Assumed: an fsync that returned is kept by the disk, and Pebble recovers a prefix of its own log that contains every
// synced write (its checksums cut a torn tail off). So after a crash the store is as it was after some write W, and
// every write up to the last synced one is at or before W. That holds for a killed process as for a power loss: Pebble
// keeps writes that nobody synced in its own memory. The writes, and what a crash right before or after each leaves
// behind:
//
//   - Group commit (blocks, their index keys, the state that their events changed; one batch, synced). Before it: no
//     caller of that group was answered, and nothing of it exists. After it: all of it exists. The sequence numbers of
//     blocks have no gap, because one goroutine gives them out and writes them in order. A queue reads up to the last
//     block it was told of, which is after the sync: nothing is handed out that a crash could take back.
//   - Snapshot of the cursors (synced, every CursorInterval while anything moves). It says for each queue, open or not,
//     up to where records were handed out and which of those had not ended. Losing it means an older one is found:
//     records handed out since are handed out again (repeats), none is left out, because a position is only ever saved
//     after the records before it were handed out or had ended.
//   - Parking, holding, burying and reviving a delivery (one batch, unsynced: the copy under its new key, the old key's
//     removal, and that queue's cursor). The copy and the cursor that no longer waits for the log's record are one
//     write: either both are found, or the delivery is where it was before.
//   - The end of a delivery costs no write when it came from the log; one that was parked or held has its key deleted
//     together with the cursor. Losing that repeats the delivery.
//   - Dropping a queue (one batch, unsynced: the removal of its keys, and a mark in place of its cursor). The mark
//     outlives snapshots that still name the queue and records that still name its number.
//   - Trimming (one batch, then a flush: the range deletes, the new start, and a snapshot of the cursors). Order in
//     Pebble's log is the order of the writes, so a trim is never found without the parked copies and dead letters that
//     were written before it. Only what was in hand, unparked, at a crash right after a trim is lost with its record.
//
// A record is therefore lost only when a limit that the operator set trims it, and that is counted (Stats.Trimmed).
//
// A disk that fails a write ends the log: see brake. Nothing is written after the first failure, so the folder is as
// after a crash. A disk that is full refuses appends before Pebble meets its end (see Options.DiskReserve), and when
// another program was faster, a ballast is given up for what is under way.
//
// # Order
//
// A queue hands out in the order of sequence numbers, with retries in between. In an ordered queue, the deliveries of
// one order key form a chain (order.go): its head is in a lane's hands or parked, the others wait behind it, in memory
// while the head is under way and on disk while it is parked. A crash finds the chain again: the head among what was in
// flight or parked, the rest among what was in flight or held.
package wal
