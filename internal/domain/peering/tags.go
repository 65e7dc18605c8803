package peering

// The tags by which autopeer knows its own. Anything without them is somebody else's.
const (
	TagConnection = "autopeer:connection" // on an ingress rule: the connection that it serves
	TagManaged    = "autopeer:managed"    // on a connection: "true" in every cell that connected its side
	TagApproved   = "autopeer:approved"   // on a request in the accepter's cell: "true" when a person has approved it
	TagName       = "Name"
)
