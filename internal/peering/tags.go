package peering

// The tags by which autopeer knows its own. Anything without them is somebody else's.
const (
	TagConnection = "autopeer:connection" // on an ingress rule: the connection that it serves
	TagManaged    = "autopeer:managed"    // on a connection: "true" in every cell that connected its side
	TagName       = "Name"
)
