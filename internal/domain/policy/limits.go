package policy

import "cmp"

// Limits are the AWS quotas that the organization has had raised. Zero means AWS's default.
type Limits struct {
	Peerings int `json:"peerings,omitempty"` // active connections of a VPC
	Routes   int `json:"routes,omitempty"`   // routes of a table, of IPv4 and of IPv6 each
	Rules    int `json:"rules,omitempty"`    // ingress rules of a security group, of IPv4 and of IPv6 each
}

// AWS's defaults. https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
const (
	defaultPeerings = 50
	defaultRoutes   = 500
	defaultRules    = 60
)

// OrDefaults returns the limits with AWS's defaults in place of zeros.
func (l Limits) OrDefaults() Limits {
	return Limits{
		Peerings: cmp.Or(l.Peerings, defaultPeerings),
		Routes:   cmp.Or(l.Routes, defaultRoutes),
		Rules:    cmp.Or(l.Rules, defaultRules),
	}
}
