package outcome

import "encoding/json"

// MaxBytes limits the JSON of an outcome. With its envelope, the event stays below the 256 KB of a message in a queue.
const MaxBytes = 240 << 10

// forOmitted is the room for the counts of the entries that were left out.
const forOmitted = 256

// fitting returns o with entries left out until its JSON fits the limit, and their numbers in Omitted. It cuts the
// lists in the order of lists, each from its end.
func (o Outcome) fitting(limit int) Outcome {
	surplus := size(o) - limit
	if surplus <= 0 {
		return o
	}
	surplus += forOmitted
	o.Omitted = map[string]int{}
	for _, l := range o.lists() {
		n := l.length
		for ; n > 0 && surplus > 0; n-- {
			surplus -= l.sizeAt(n-1) + len(",")
		}
		if n < l.length {
			l.cut(n)
			o.Omitted[l.name] = l.length - n
		}
	}
	return o
}

// list is a list of an outcome, by the name of its field in JSON.
type list struct {
	name   string
	length int
	sizeAt func(i int) int // in JSON
	cut    func(to int)
}

// lists returns the lists that may be long, in the order in which they are cut.
func (o *Outcome) lists() []list {
	return []list{
		listOf("notes", &o.Notes), listOf("obstructions", &o.Obstructions), listOf("state", &o.State),
		listOf("wanted", &o.Wanted), listOf("changes", &o.Changes),
		listOf("shortages", &o.Shortages), listOf("conflicts", &o.Conflicts),
		listOf("additions", &o.Additions), listOf("removals", &o.Removals),
	}
}

func listOf[T any](name string, entries *[]T) list {
	return list{
		name: name, length: len(*entries),
		sizeAt: func(i int) int { return size((*entries)[i]) },
		cut:    func(to int) { *entries = (*entries)[:to] },
	}
}

func size(v any) int {
	data, _ := json.Marshal(v) // plain values can always be encoded
	return len(data)
}
