package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Encode returns the JSON form, which Decode reads. The error is that of encoding/json, without a fault class. No value
// of a policy causes one.
func (p *Policy) Encode() ([]byte, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encode policy: %w", err)
	}
	return data, nil
}

// Decode parses the JSON of Encode. An unknown field is an error, because it may be a restriction that this
// version would ignore.
func Decode(data []byte) (*Policy, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	var p *Policy
	if err := decoder.Decode(&p); err != nil {
		return nil, fmt.Errorf("decode policy: %w", err)
	}
	if p == nil {
		return nil, errors.New("decode policy: null instead of a policy")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("decode policy: more data after the policy")
	}
	return p, nil
}
