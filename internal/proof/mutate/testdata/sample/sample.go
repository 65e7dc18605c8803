// Package sample is there to be mutated.
package sample

// Days are those of a week.
const Days = 7

// Larger returns the larger of the two.
func Larger(a, b int) int {
	if a > b {
		return a
	}
	return b
}

// Sum adds the numbers from 1 to n. It would come to no end if its condition always held.
func Sum(n int) int {
	sum := 0
	for i := 1; i <= n; i++ {
		sum += i
	}
	return sum
}

// Hello greets. No minus makes sense between texts.
func Hello(name string) string { return "hello " + name }

// Reset returns nothing.
func Reset(n *int) {
	*n = 0
}

// Drain has a label, which can't be there twice.
func Drain(c chan int) {
drain:
	for range c {
		if len(c) < 2 {
			break drain
		}
	}
}
