package lambda

import "sync"

// Concurrency is the quota of concurrent executions that the functions of an account share in a Region:
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html. It is safe for concurrent use.
type Concurrency struct {
	mu       sync.Mutex
	limit    int
	reserved map[*Function]int
	busy     int // executions of functions that have nothing reserved
}

// The quotas of an account: most have the standard one, and a new account has 10 until AWS raises it.
const (
	StandardConcurrency = 1000
	NewAccount          = 10
)

// unreserved is what reservations must leave to the other functions.
const unreserved = 100

// NewConcurrency returns a quota of which nothing is reserved.
func NewConcurrency(limit int) *Concurrency {
	return &Concurrency{limit: limit, reserved: map[*Function]int{}}
}

// reserve reserves n for the function, in place of what it had. An error is an *Error, and changes nothing.
func (q *Concurrency) reserve(f *Function, n int) error {
	if q == nil {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if n > 0 && q.free()+q.reserved[f]-n < unreserved {
		return &Error{"InvalidParameterValueException",
			"Specified ReservedConcurrentExecutions for function decreases account's " +
				"UnreservedConcurrentExecution below its minimum value of [100]."}
	}
	q.reserved[f] = n
	return nil
}

// free is what isn't reserved.
func (q *Concurrency) free() int {
	n := q.limit
	for _, r := range q.reserved {
		n -= r
	}
	return n
}

// take counts an execution of a function without a reservation, and reports whether the quota had one left.
func (q *Concurrency) take() bool {
	if q == nil {
		return true
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.busy >= q.free() {
		return false
	}
	q.busy++
	return true
}

func (q *Concurrency) release() {
	if q == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy--
}

// forget ends the reservation of a function that is closed.
func (q *Concurrency) forget(f *Function) {
	if q == nil {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.reserved, f)
}
