package event

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The first byte of a record in the log says what the record is.
const (
	RecordEvent   byte = 1 // an Event, as AppendRecord writes it
	RecordRequest byte = 2 // a raw request on its way upstream, see package upstream
)

// The tags of the fields: see the picture in the package comment, and do not change them.
const (
	tagHead             = 1
	tagAppName          = 2
	tagApp              = 3
	tagSubscription     = 4
	tagVisitor          = 5
	tagAccount          = 6
	tagUserAgent        = 7
	tagIP               = 8
	tagURL              = 9
	tagID               = 10
	tagName             = 11
	tagSource           = 12
	tagProperties       = 13
	tagTrace            = 14
	tagGuideID          = 32
	tagGuideName        = 33
	tagGuideStepID      = 34
	tagGuideLanguage    = 35
	tagGuideProperties  = 36
	tagGuideNPS         = 37
	tagGuidePollAnswers = 38
)

// headSize is kind, unique id, time, received. A later version may write more behind them.
const headSize = 1 + 20 + 8 + 8

// AppendRecord appends e as the log keeps it. A nil field is not written; an empty one is.
func (e *Event) AppendRecord(dst []byte) []byte {
	dst = append(dst, RecordEvent, tagHead, headSize, byte(e.Kind))
	dst = append(dst, e.UniqueID[:]...)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(e.Time))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(e.Received))
	dst = appendField(dst, tagAppName, e.AppName)
	dst = appendField(dst, tagApp, e.App)
	dst = appendField(dst, tagSubscription, e.Subscription)
	dst = appendField(dst, tagVisitor, e.Visitor)
	dst = appendField(dst, tagAccount, e.Account)
	dst = appendField(dst, tagUserAgent, e.UserAgent)
	dst = appendField(dst, tagIP, e.IP)
	dst = appendField(dst, tagURL, e.URL)
	for _, id := range e.IDs {
		dst = appendField(dst, tagID, id)
	}
	dst = appendField(dst, tagName, e.Name)
	dst = appendField(dst, tagSource, e.Source)
	dst = appendField(dst, tagProperties, e.Properties)
	dst = appendField(dst, tagTrace, e.Trace)
	return e.Guide.appendFields(dst)
}

func (g *Guide) appendFields(dst []byte) []byte {
	dst = appendField(dst, tagGuideID, g.ID)
	dst = appendField(dst, tagGuideName, g.Name)
	dst = appendField(dst, tagGuideStepID, g.StepID)
	dst = appendField(dst, tagGuideLanguage, g.Language)
	dst = appendField(dst, tagGuideProperties, g.Properties)
	dst = appendField(dst, tagGuideNPS, g.NPS)
	return appendField(dst, tagGuidePollAnswers, g.PollResponses)
}

func appendField(dst []byte, tag byte, value []byte) []byte {
	if value == nil {
		return dst
	}
	dst = append(dst, tag)
	dst = binary.AppendUvarint(dst, uint64(len(value)))
	return append(dst, value...)
}

// ParseRecord makes e the event that rec holds. e aliases rec and keeps the room of its IDs. An error says that rec is
// damaged or from a version that knows more kinds; e is then empty.
func ParseRecord(rec []byte, e *Event) error {
	e.Reset()
	if len(rec) == 0 {
		return errors.New("parse record: it is empty")
	}
	if rec[0] != RecordEvent {
		return fmt.Errorf("parse record: it is of kind %d, an event's is %d", rec[0], RecordEvent)
	}
	for at := 1; at < len(rec); {
		value, next, err := field(rec, at)
		if err == nil {
			err = e.set(rec[at], value)
		}
		if err != nil {
			e.Reset()
			return fmt.Errorf("parse record: byte %d of %d: %w", at, len(rec), err)
		}
		at = next
	}
	if e.Kind == 0 {
		e.Reset()
		return errors.New("parse record: it has no head")
	}
	return nil
}

// field reads the field whose tag is rec[at]; next is the position behind it.
func field(rec []byte, at int) (value []byte, next int, err error) {
	size, n := uint64(0), 1
	if rest := rec[at+1:]; len(rest) > 0 && rest[0] < 0x80 {
		size = uint64(rest[0])
	} else if size, n = binary.Uvarint(rest); n <= 0 {
		return nil, 0, fmt.Errorf("field %d has no length", rec[at])
	}
	start := at + 1 + n
	if size > uint64(len(rec)-start) {
		return nil, 0, fmt.Errorf("field %d has %d of %d bytes", rec[at], len(rec)-start, size)
	}
	next = start + int(size)
	return rec[start:next:next], next, nil
}

// set takes one field; a tag of a later version is left alone.
func (e *Event) set(tag byte, value []byte) error {
	switch tag {
	case tagHead:
		return e.setHead(value)
	case tagAppName:
		e.AppName = value
	case tagApp:
		e.App = value
	case tagSubscription:
		e.Subscription = value
	case tagVisitor:
		e.Visitor = value
	case tagAccount:
		e.Account = value
	case tagUserAgent:
		e.UserAgent = value
	case tagIP:
		e.IP = value
	case tagURL:
		e.URL = value
	case tagID:
		e.IDs = append(e.IDs, value)
	case tagName:
		e.Name = value
	case tagSource:
		e.Source = value
	case tagProperties:
		e.Properties = value
	case tagTrace:
		e.Trace = value
	default:
		e.Guide.set(tag, value)
	}
	return nil
}

func (g *Guide) set(tag byte, value []byte) {
	switch tag {
	case tagGuideID:
		g.ID = value
	case tagGuideName:
		g.Name = value
	case tagGuideStepID:
		g.StepID = value
	case tagGuideLanguage:
		g.Language = value
	case tagGuideProperties:
		g.Properties = value
	case tagGuideNPS:
		g.NPS = value
	case tagGuidePollAnswers:
		g.PollResponses = value
	}
}

func (e *Event) setHead(value []byte) error {
	if len(value) < headSize {
		return fmt.Errorf("head has %d of %d bytes", len(value), headSize)
	}
	e.Kind = Kind(value[0])
	if e.Kind.String() == "" {
		return fmt.Errorf("kind %d is unknown; if a later version wrote it, run that one", value[0])
	}
	copy(e.UniqueID[:], value[1:])
	e.Time = int64(binary.LittleEndian.Uint64(value[21:]))
	e.Received = int64(binary.LittleEndian.Uint64(value[29:]))
	return nil
}
