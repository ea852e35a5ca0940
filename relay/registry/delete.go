package registry

import (
	"fmt"
	"strconv"
	"strings"
)

// goneKey stands, with a queue's number behind it, from before a webhook is deleted until all that it had is.
const goneKey = "hook/gone/"

// Delete deletes a webhook made by the API, with all that waits for it, its dead letters and its log. A version of more
// than 0 must be the present one. When edgerelay ends in the middle, the next start goes on with it.
func (r *Registry) Delete(name string, version uint64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, err := r.mine(name, "be deleted")
	if err != nil {
		return err
	}
	if err := e.at(version); err != nil {
		return err
	}
	gone := []byte(fmt.Sprint(goneKey, e.number))
	if err := r.opt.State.Set(gone, nil); err != nil {
		return fmt.Errorf("delete webhook %q: %w", name, err)
	}
	if err := r.forget(e); err != nil {
		return joinUndo(err, r.opt.State.Unset(gone))
	}
	delete(r.entries, name)
	if err := r.publish(); err != nil {
		return err
	}
	if e.seated {
		if err := r.opt.Fleet.Remove(name); err != nil {
			return err
		}
	}
	if err := r.opt.Journal.Drop(e.number); err != nil {
		return err
	}
	return r.opt.State.Unset(gone)
}

// finishDeletions deletes what is left of webhooks in whose deletion the last run ended. Their senders have not begun.
func (r *Registry) finishDeletions() error {
	left, err := r.readGone()
	if err != nil {
		return err
	}
	for number := range left {
		if err := r.forget(&entry{number: number}); err != nil {
			return err
		}
		if err := r.opt.Fleet.Drop(number); err != nil {
			return err
		}
		if err := r.opt.Journal.Drop(number); err != nil {
			return err
		}
		if err := r.opt.State.Unset([]byte(fmt.Sprint(goneKey, number))); err != nil {
			return err
		}
		r.opt.Logger.Info("what was left of a webhook that was being deleted is deleted", "queue", number)
	}
	return nil
}

// readGone lists the numbers of webhooks that are being deleted.
func (r *Registry) readGone() (numbers map[uint32]bool, err error) {
	numbers = map[uint32]bool{}
	var fault error
	err = r.opt.State.Scan([]byte(goneKey), nil, func(key, _ []byte) bool {
		var number uint64
		if number, fault = strconv.ParseUint(strings.TrimPrefix(string(key), goneKey), 10, 32); fault != nil {
			fault = fmt.Errorf("read %q: %w; the data folder is damaged, restore it", key, fault)
			return false
		}
		numbers[uint32(number)] = true
		return true
	})
	if err == nil {
		err = fault
	}
	return numbers, err
}
