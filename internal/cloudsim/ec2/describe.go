package ec2

import (
	"cmp"
	"encoding/base64"
	"maps"
	"slices"
	"strings"
)

// listing describes one Describe call over things of type T.
type listing[T any] struct {
	set          string // the element that holds the items
	ids          string // the parameter with explicit ids
	resourceType resourceType
	least        int  // the minimum of MaxResults; zero stands for 5, as in most calls
	most         int  // the maximum of MaxResults
	whole        bool // the call has no pages
	id           func(T) string
	filters      filters[T]
	show         func(T) []node
}

const leastResults = 5

// describe answers a Describe call over all things that the caller can see.
func describe[T any](r *request, l listing[T], all []T) ([]node, error) {
	ids := r.list(l.ids)
	page, err := r.page(cmp.Or(l.least, leastResults), l.most, len(ids) > 0)
	if err != nil {
		return nil, err
	}
	if l.whole {
		page.size = 0
	}
	conditions := conditions(r.params)
	if err := l.filters.check(conditions); err != nil {
		return nil, err
	}
	if err := l.exist(ids, all); err != nil {
		return nil, err
	}
	var found []T
	for _, t := range all {
		wanted := len(ids) == 0 || slices.Contains(ids, l.id(t))
		if wanted && l.filters.accept(t, r.cell.tags[l.id(t)], conditions) {
			found = append(found, t)
		}
	}
	slices.SortFunc(found, func(a, b T) int { return cmp.Compare(l.id(a), l.id(b)) })
	found, token := cut(page, found, l.id)
	return append([]node{listOf(l.set, found, l.show)}, optional("nextToken", token)...), nil
}

// exist refuses the whole call when one of the ids is wrong.
func (l listing[T]) exist(ids []string, all []T) error {
	if l.resourceType.prefix == "" {
		return nil // names, which the call has checked
	}
	for _, id := range ids {
		if err := l.resourceType.check(id); err != nil {
			return err
		}
		if !slices.ContainsFunc(all, func(t T) bool { return l.id(t) == id }) {
			return l.resourceType.missing(id)
		}
	}
	return nil
}

// page is the part of a listing that a request asks for.
type page struct {
	size  int    // zero is without limit
	after string // the id that the page before ended with
}

// page reads MaxResults and NextToken. See https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-pagination.html.
func (r *request) page(least, most int, byID bool) (page, error) {
	size, err := r.int("MaxResults", 0)
	if err != nil {
		return page{}, err
	}
	asked := r.has("MaxResults")
	switch {
	case asked && byID:
		return page{}, combination("The parameter MaxResults cannot be used with a list of ids")
	case asked && (size < least || size > most):
		return page{}, invalidValue("Value ( %d ) for parameter maxResults is invalid. Expecting a value between %d and %d.",
			size, least, most)
	case !byID && r.opts.PageSize > 0 && (size == 0 || r.opts.PageSize < size):
		size = r.opts.PageSize
	}
	after, err := fromToken(r.params["NextToken"])
	return page{size, after}, err
}

const tokenMark = "after:"

func fromToken(token string) (string, error) {
	if token == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	after, ok := strings.CutPrefix(string(raw), tokenMark)
	if err != nil || !ok {
		return "", refuse("InvalidNextToken", "The specified NextToken is not valid")
	}
	return after, nil
}

// cut returns the page of things that are sorted by id, and the token of the next page, empty at the end.
// As the token names an id and no position, creations and deletions meanwhile shift nothing.
func cut[T any](p page, things []T, id func(T) string) ([]T, string) {
	from := 0
	for p.after != "" && from < len(things) && id(things[from]) <= p.after {
		from++
	}
	things = things[from:]
	if p.size == 0 || len(things) <= p.size {
		return things, ""
	}
	things = things[:p.size]
	last := id(things[p.size-1])
	return things, base64.RawURLEncoding.EncodeToString([]byte(tokenMark + last))
}

// sorted returns the values in order of their keys, where the order of their creation or of a map must not show.
func sorted[K cmp.Ordered, T any](m map[K]T) []T {
	all := make([]T, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		all = append(all, m[k])
	}
	return all
}
