package policyfile

import (
	"fmt"

	"github.com/goccy/go-yaml/ast"
)

// scalar is a single value of the file.
type scalar[T any] struct {
	value T
	text  string // as written
	at    position
	ok    bool // false where it was left out or is malformed
}

func (s scalar[T]) given() bool { return s.at.given() }

func (s *scalar[T]) read(r *reader, n ast.Node, what string) {
	k := kindOf[T]()
	s.at, s.text = place(n), n.GetToken().Value
	if problem, fix := k.misshapen(n); problem != "" {
		r.add(s.at, what+" "+problem, fix)
		return
	}
	value, problem, fix := k.parse(s.text)
	if problem != "" {
		r.add(s.at, fmt.Sprintf("%s %s %s", what, quoted(s.text), problem), fix)
		return
	}
	s.value, s.ok = value, true
}

// list is a list that may be empty.
type list[T any] struct {
	items []T
	at    position
}

func (l list[T]) given() bool { return l.at.given() }

func (l *list[T]) read(r *reader, n ast.Node, what string) {
	l.at = place(n)
	nodes := r.sequence(n, what)
	l.items = make([]T, len(nodes))
	for i, item := range nodes {
		any(&l.items[i]).(readable).read(r, item, what)
	}
}

// some is a list of at least one item.
type some[T any] struct{ list[T] }

func (s *some[T]) read(r *reader, n ast.Node, what string) {
	s.list.read(r, n, what)
	if _, isList := n.(*ast.SequenceNode); isList && len(s.items) == 0 {
		r.add(s.at, what+" is an empty list", "give it an item or leave the key out")
	}
}

// table is a mapping whose keys the file chooses, in the file's order. It has at least one entry.
type table[K, V any] struct {
	rows []row[K, V]
	at   position
}

type row[K, V any] struct {
	key   scalar[K]
	value V
}

func (t table[K, V]) given() bool { return t.at.given() }

func (t *table[K, V]) read(r *reader, n ast.Node, what string) {
	t.at = place(n)
	pairs := r.mapping(n, what)
	r.notEmpty(n, what, "give it an entry or leave the key out")
	seen := map[string]position{}
	t.rows = make([]row[K, V], 0, len(pairs))
	for _, pair := range pairs {
		if !r.once(pair.Key.GetToken().Value, place(pair.Key), seen) {
			continue
		}
		var entry row[K, V]
		entry.key.read(r, pair.Key, what+" key")
		any(&entry.value).(readable).read(r, pair.Value, pair.Key.GetToken().Value)
		t.rows = append(t.rows, entry)
	}
}
