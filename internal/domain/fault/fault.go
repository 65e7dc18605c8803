// Package fault classifies errors by the treatment of the message that caused them.
package fault

import (
	"errors"
	"fmt"
	"slices"
)

// Class is the treatment of an error. The zero value, Retryable, is the class of every error without a
// class: its message is retried, and moves to the dead-letter queue if the error persists.
type Class int

// ErrOutdated is wrapped by a Retryable error when the observation no longer holds, because another process made
// a change first: the caller can read again and retry immediately.
var ErrOutdated = errors.New("the resources have changed since they were read")

// The classes.
const (
	Retryable Class = iota // retry later: throttled, not yet visible, not yet active, unknown
	Permanent              // a person has to correct something first: malformed event, access denied
	Denied                 // a decision and not a failure: policy, conflict, quota
)

// String returns the class as it is logged.
func (c Class) String() string {
	switch c {
	case Permanent:
		return "permanent"
	case Denied:
		return "denied"
	}
	return "retryable"
}

type classified struct {
	class Class
	err   error
}

func (c classified) Error() string { return c.err.Error() }
func (c classified) Unwrap() error { return c.err }
func (c classified) Class() Class  { return c.class }

// As gives err the class. It returns nil for a nil err.
func As(class Class, err error) error {
	if err == nil {
		return nil
	}
	return classified{class, err}
}

// Errorf is fmt.Errorf with a class.
func Errorf(class Class, format string, args ...any) error {
	return classified{class, fmt.Errorf(format, args...)}
}

// Of returns the class of err. Of joined errors, Retryable counts before the other classes: while one of them
// is Retryable, a retry may still make progress.
func Of(err error) Class {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return ofJoined(joined.Unwrap())
	}
	if c, ok := err.(interface{ Class() Class }); ok {
		return c.Class()
	}
	if next := errors.Unwrap(err); next != nil {
		return Of(next)
	}
	return Retryable
}

func ofJoined(errs []error) Class {
	class := Denied
	for _, err := range errs {
		class = min(class, Of(err))
	}
	return class
}

type keyed struct {
	key string
	err error
}

func (k keyed) Error() string { return k.err.Error() }
func (k keyed) Unwrap() error { return k.err }

// Keyed gives err a key of codes and ids that identifies it independently of its text. It returns nil for a nil err.
func Keyed(key string, err error) error {
	if err == nil {
		return nil
	}
	return keyed{key, err}
}

// Keys returns the keys of err and of the errors that it wraps or joins, outer before inner.
func Keys(err error) []string {
	var keys []string
	if k, ok := err.(keyed); ok { //nolint:errorlint // errors.As would find those that it wraps, which follow below
		keys = append(keys, k.key)
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, each := range joined.Unwrap() {
			keys = append(keys, Keys(each)...)
		}
		return keys
	}
	if next := errors.Unwrap(err); next != nil {
		keys = append(keys, Keys(next)...)
	}
	return keys
}

type lacking struct{ err error }

func (l lacking) Error() string { return l.err.Error() }
func (l lacking) Unwrap() error { return l.err }

// Lacking marks err as the refusal of an addition without which the rest works: EC2 makes it once a person has
// added a resource or changed an attribute. It returns nil for a nil err.
func Lacking(err error) error {
	if err == nil {
		return nil
	}
	return lacking{err}
}

// IsLacking reports whether err, or each of the errors that it joins, is marked by Lacking. It returns false for nil.
func IsLacking(err error) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return !slices.ContainsFunc(joined.Unwrap(), func(each error) bool { return !IsLacking(each) })
	}
	if _, ok := err.(lacking); ok { //nolint:errorlint // each of joined errors has to be marked
		return true
	}
	next := errors.Unwrap(err)
	return next != nil && IsLacking(next)
}
