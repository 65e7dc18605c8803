package peering

// The tags by which an installation recognizes its own resources. Resources without them belong to others.
const (
	TagConnection = "autopeer:connection" // on an ingress rule: the connection that it serves
	// on a rule, and on a connection in every cell that connected its side: the installation
	TagManaged  = "autopeer:managed"
	TagApproved = "autopeer:approved" // on a request in the accepter's cell: "true" once a person has approved it
	TagHold     = "autopeer:hold"     // on a connection, in each cell apart: "true" while the cell may add nothing to it
	// on a connection, in each cell apart: "true" once a person consents to the removal of its routes
	TagAdopt = "autopeer:adopt"
	TagName  = "Name"
)
