// Package function names the Lambda functions of a cell.
package function

// Name is the name of a function, of its folder under functions/ and, behind the prefix, of its queue and role.
type Name string

// The functions of a cell, each with a queue that feeds it.
const (
	Accept     Name = "accept"
	Connect    Name = "connect"
	Disconnect Name = "disconnect"
	Sweep      Name = "sweep"
)

// All lists the functions of a cell in a fixed order.
var All = []Name{Accept, Connect, Disconnect, Sweep}
