package queue

import (
	"crypto/md5" // the protocol's checksum, not a secret: clients compare it
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
)

// MessageAttribute is a typed value that travels beside a message's body.
type MessageAttribute struct {
	DataType    string
	StringValue string `json:",omitempty"`
	BinaryValue []byte `json:",omitempty"`
}

func (a MessageAttribute) binary() bool { return strings.HasPrefix(a.DataType, "Binary") }

// valid accepts custom types too, such as Number.int: only the part before the dot counts.
func (a MessageAttribute) valid() bool {
	kind, _, _ := strings.Cut(a.DataType, ".")
	switch kind {
	case "String", "Number":
		return a.StringValue != ""
	case "Binary":
		return len(a.BinaryValue) > 0
	default:
		return false
	}
}

func checksum(data []byte) string {
	sum := md5.Sum(data) // see the import
	return hex.EncodeToString(sum[:])
}

// attributesChecksum is the digest that clients verify, over name, type and value in order of name:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
func attributesChecksum(attributes map[string]MessageAttribute) string {
	if len(attributes) == 0 {
		return ""
	}
	var data []byte
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		data = appendSized(data, []byte(name))
		data = appendSized(data, []byte(a.DataType))
		if a.binary() {
			data = appendSized(append(data, 2), a.BinaryValue)
		} else {
			data = appendSized(append(data, 1), []byte(a.StringValue))
		}
	}
	return checksum(data)
}

// appendSized writes a length of four bytes, the greatest first, and the value.
func appendSized(data, value []byte) []byte {
	data = binary.BigEndian.AppendUint32(data, uint32(len(value))) // a message is at most 1 MiB
	return append(data, value...)
}
