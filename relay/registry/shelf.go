package registry

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"edgerelay/relay/hook"
)

// Keys of the state. Numbers are those of queues, in decimal digits.
const (
	madeKey = "hook/made/" // + number → record: a webhook made by the API
	offKey  = "hook/off/"  // + number → Off: a webhook that was turned off because of its receiver
)

// record is a webhook made by the API as it is kept. All its settings are sealed: addresses and headers may be as secret
// as secrets.
type record struct {
	Number  uint32    `json:"number"`
	Version uint64    `json:"version"`
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
	Sealed  []byte    `json:"sealed"`
}

func madeName(number uint32) string { return fmt.Sprint(madeKey, number) }

// readMade reads the webhooks made by the API. They are compiled by Load, which brings the rules.
func (r *Registry) readMade() (made []*entry, err error) {
	gone, err := r.readGone()
	if err != nil {
		return nil, err
	}
	var fault error
	err = r.opt.State.Scan([]byte(madeKey), nil, func(key, value []byte) bool {
		var e *entry
		if number, err := strconv.ParseUint(strings.TrimPrefix(string(key), madeKey), 10, 32); err == nil && gone[uint32(number)] {
			return true
		}
		if e, fault = r.parseMade(string(key), value); fault != nil {
			fault = fmt.Errorf("read webhook under %q: %w", key, fault)
			return false
		}
		made = append(made, e)
		return true
	})
	if err == nil {
		err = fault
	}
	return made, err
}

func (r *Registry) parseMade(key string, value []byte) (*entry, error) {
	var rec record
	if err := json.Unmarshal(value, &rec); err != nil {
		return nil, fmt.Errorf("%w; the data folder is damaged, restore it", err)
	}
	text, err := r.opt.Vault.open(key, rec.Sealed)
	if err != nil {
		return nil, err
	}
	e := &entry{origin: API, number: rec.Number, version: rec.Version, created: rec.Created, updated: rec.Updated}
	if e.document, err = hook.ParseDocument(text); err != nil {
		return nil, err
	}
	spec, _ := e.document.Apply(hook.Spec{})
	e.name = spec.Name
	return e, nil
}

// keep writes a webhook made by the API.
func (r *Registry) keep(e *entry) error {
	text, err := json.Marshal(e.document)
	if err != nil {
		return fmt.Errorf("keep webhook %q: %w", e.name, err)
	}
	key := madeName(e.number)
	value, err := json.Marshal(record{e.number, e.version, e.created, e.updated, r.opt.Vault.seal(key, text)})
	if err == nil {
		err = r.opt.State.Set([]byte(key), value)
	}
	if err != nil {
		return fmt.Errorf("keep webhook %q: %w", e.name, err)
	}
	return nil
}

func (r *Registry) forget(e *entry) error {
	err := r.opt.State.Unset([]byte(madeName(e.number)))
	if err != nil {
		return fmt.Errorf("delete webhook %q: %w", e.name, err)
	}
	e.off = nil
	return r.keepOff(e)
}

// keepOff writes whether a webhook was turned off because of its receiver.
func (r *Registry) keepOff(e *entry) error {
	key := []byte(fmt.Sprint(offKey, e.number))
	if e.off == nil {
		_, found, err := r.opt.State.Get(nil, key)
		if found {
			err = r.opt.State.Unset(key)
		}
		return err
	}
	value, err := json.Marshal(e.off)
	if err != nil {
		return err
	}
	return r.opt.State.Set(key, value)
}

func (r *Registry) readOff(number uint32) (*Off, error) {
	key := []byte(fmt.Sprint(offKey, number))
	value, found, err := r.opt.State.Get(nil, key)
	if err != nil || !found {
		return nil, err
	}
	var off Off
	if err := json.Unmarshal(value, &off); err != nil {
		return nil, fmt.Errorf("read %q: %w; the data folder is damaged, restore it", key, err)
	}
	return &off, nil
}
