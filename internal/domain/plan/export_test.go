package plan

// For tests of the traffic that permissions have in common.
var (
	Overlap       = overlap
	OverlapPorts  = overlapPorts
	ContainsPorts = containsPorts
	Covers        = covers
)
