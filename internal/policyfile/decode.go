package policyfile

import (
	"bytes"
	"reflect"
)

// reader turns a file into the types of the document and gathers the mistakes.
type reader struct {
	file     string
	data     []byte
	lines    [][]byte
	phase    Code // of the mistakes that the current step finds
	mistakes Mistakes
	warnings Mistakes // which don't make the file invalid
}

func newReader(file string, data []byte) *reader {
	data = bytes.TrimPrefix(data, byteOrderMark)
	return &reader{file: file, data: data, phase: Syntax, lines: bytes.Split(data, []byte("\n"))}
}

// origin is where a part of the document comes from. The zero value is that of a part that was left out.
type origin struct {
	at      position
	refused bool // by the schema
}

func (o *origin) begin(e *element) { o.at, o.refused = e.at(), e.isRefused() }

func (o origin) given() bool { return o.at.line > 0 }

// decode reads the element into a part of the document. Values that don't fit are left out: the schema refuses them.
// A part without a read method of its own is a struct, with a field for each key.
func (r *reader) decode(e *element, part any) {
	if p, ok := part.(interface{ begin(*element) }); ok {
		p.begin(e)
	}
	if p, ok := part.(interface{ read(*reader, *element) }); ok {
		p.read(r, e)
		return
	}
	v := reflect.ValueOf(part).Elem()
	for i := range v.NumField() {
		key, found := v.Type().Field(i).Tag.Lookup("yaml")
		if value := e.byKey[key]; found && value != nil {
			r.decode(value, v.Field(i).Addr().Interface())
		}
	}
}

// scalar is a single value of the file.
type scalar[T any] struct {
	origin
	value T
	text  string // as written
	ok    bool   // false where it was left out or is malformed
}

func (s *scalar[T]) read(r *reader, e *element) {
	s.text = e.text()
	if s.refused {
		return
	}
	value, problem, fix := parse[T](e)
	if problem != "" {
		r.add(s.at, e.problem(problem), fix)
		return
	}
	s.value, s.ok = value, true
}

// list is a list that may be empty.
type list[T any] struct {
	origin
	items []T
}

func (l *list[T]) read(r *reader, e *element) {
	if e.shape() != "array" {
		return
	}
	l.items = make([]T, len(e.inside))
	for i, item := range e.inside {
		r.decode(item, &l.items[i])
	}
}

// some is a list of at least one item.
type some[T any] struct{ list[T] }

// table is a mapping whose keys the file chooses, in the file's order. It has at least one entry,
// except for the departments of a file that only retires cells.
type table[K, V any] struct {
	origin
	rows []row[K, V]
}

type row[K, V any] struct {
	key   scalar[K]
	value V
}

func (t *table[K, V]) read(r *reader, e *element) {
	if e.shape() != "object" {
		return
	}
	t.rows = make([]row[K, V], len(e.inside))
	for i, value := range e.inside {
		r.decode(value.key, &t.rows[i].key)
		r.decode(value, &t.rows[i].value)
	}
}

func (p *pair) read(r *reader, e *element) {
	if e.shape() != "array" {
		return
	}
	all := make([]scalar[name], len(e.inside))
	for i, item := range e.inside {
		r.decode(item, &all[i])
	}
	if p.ok = len(all) == len(p.names); p.ok {
		copy(p.names[:], all)
	} else {
		p.others = all
	}
}

// read distinguishes the two forms by their YAML.
func (t *tables) read(r *reader, e *element) {
	if e.shape() == "object" {
		r.decode(e, &t.choice)
		return
	}
	r.decode(e, &t.scope)
}
