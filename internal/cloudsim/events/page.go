package events

import "strconv"

// paging has the parameters that every list call accepts.
type paging struct {
	Limit     *int
	NextToken string
}

const maxPage = 100

// page cuts a list. Its token is the place in the list: lists of this cloud don't change under a reader's hands
// except by the reader's own calls.
func page[T any](items []T, p paging) (part []T, next string, err error) {
	size := maxPage
	if p.Limit != nil {
		size = *p.Limit
	}
	if size < 1 || size > maxPage {
		return nil, "", invalid("Parameter Limit must be from 1 to 100.")
	}
	from, err := strconv.Atoi(p.NextToken)
	if p.NextToken == "" {
		from = 0
	} else if err != nil || from < 0 || from > len(items) {
		return nil, "", invalid("Parameter NextToken is not valid.")
	}
	if items = items[from:]; len(items) == 0 {
		return []T{}, "", nil // which JSON has as [], and a nil slice as null
	}
	if len(items) <= size {
		return items, "", nil
	}
	return items[:size], strconv.Itoa(from + size), nil
}
