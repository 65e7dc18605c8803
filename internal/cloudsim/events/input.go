package events

import (
	"encoding/json"
	"errors"
	"strings"
)

// shape returns a target's input: the event, a constant, or a part of the event.
func (t target) shape(e Event) ([]byte, error) {
	switch {
	case t.Input != "":
		return []byte(t.Input), nil
	case t.InputPath != "":
		return follow(e.encode(), t.InputPath)
	default:
		return e.encode(), nil
	}
}

// follow takes paths of names only, $.detail.eventName.
func follow(event []byte, path string) ([]byte, error) {
	rest, ok := strings.CutPrefix(path, "$")
	if !ok {
		return nil, errors.New("InputPath must begin with $")
	}
	for name := range strings.SplitSeq(strings.TrimPrefix(rest, "."), ".") {
		if name == "" {
			break
		}
		var fields map[string]json.RawMessage
		if json.Unmarshal(event, &fields) != nil || fields[name] == nil {
			return nil, errors.New("InputPath " + path + " leads to nothing")
		}
		event = fields[name]
	}
	return event, nil
}
