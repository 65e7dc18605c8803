package peering

// EndpointID is the id of a VPC endpoint, vpce-….
type EndpointID string

// Endpoint is a VPC endpoint for a service of AWS.
type Endpoint struct {
	ID         EndpointID
	VPC        VPCID
	Service    string      // the last part of its name: s3, ssm
	Gateway    bool        // reached by routes to the service's prefix list; otherwise by its interfaces
	Interfaces []Interface // of an interface endpoint, one for each of its subnets
	PrivateDNS bool        // the service's public name leads to the interfaces inside the VPC
}
