// Package sample is there to be mutated.
package sample

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
