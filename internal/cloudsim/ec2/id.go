package ec2

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"strings"
)

// resourceType is a type of resource: the prefix of its ids and the codes and texts of EC2's errors. AWS spells ID and
// Id as it pleases, and a client that compares codes depends on it.
type resourceType struct {
	prefix    string
	resource  string // as TagSpecification and DescribeTags call it
	notFound  string
	malformed string
	noun      string // as in "The … 'x' does not exist"
}

var (
	typeVPC    = resourceType{"vpc-", "vpc", "InvalidVpcID.NotFound", "InvalidVpcID.Malformed", "vpc ID"}
	typeSubnet = resourceType{"subnet-", "subnet", "InvalidSubnetID.NotFound",
		"InvalidSubnetID.Malformed", "subnet ID"}
	typeGateway = resourceType{"igw-", "internet-gateway", "InvalidInternetGatewayID.NotFound",
		"InvalidInternetGatewayId.Malformed", "internetGateway ID"}
	typeTable = resourceType{"rtb-", "route-table", "InvalidRouteTableID.NotFound",
		"InvalidRouteTableId.Malformed", "routeTable ID"}
	typeAssociation = resourceType{"rtbassoc-", "", "InvalidAssociationID.NotFound",
		"InvalidAssociationID.Malformed", "association ID"}
	typeConnection = resourceType{"pcx-", "vpc-peering-connection", "InvalidVpcPeeringConnectionID.NotFound",
		"InvalidVpcPeeringConnectionId.Malformed", "vpcPeeringConnection ID"}
	typeGroup = resourceType{"sg-", "security-group", "InvalidGroup.NotFound",
		"InvalidGroupId.Malformed", "security group"}
	typeRule = resourceType{"sgr-", "security-group-rule", "InvalidSecurityGroupRuleId.NotFound",
		"InvalidSecurityGroupRuleId.Malformed", "security group rule ID"}
	typeACL = resourceType{"acl-", "network-acl", "InvalidNetworkAclID.NotFound",
		"InvalidNetworkAclId.Malformed", "networkAcl ID"}
	typeACLBinding = resourceType{"aclassoc-", "", "InvalidAssociationID.NotFound",
		"InvalidAssociationID.Malformed", "association ID"}
	typeSubnetBlock = resourceType{"subnet-cidr-assoc-", "", "InvalidSubnetCidrBlockAssociationID.NotFound",
		"InvalidSubnetCidrBlockAssociationID.Malformed", "subnet-cidr-block-association ID"}
	typeBlock = resourceType{"vpc-cidr-assoc-", "", "InvalidVpcCidrBlockAssociationID.NotFound",
		"InvalidVpcCidrBlockAssociationID.Malformed", "vpc-cidr-block-association ID"}
	typePrefixList = resourceType{"pl-", "prefix-list", "InvalidPrefixListID.NotFound",
		"InvalidPrefixListId.Malformed", "prefix list ID"}
	typeInstance = resourceType{"i-", "instance", "InvalidInstanceID.NotFound",
		"InvalidInstanceID.Malformed", "instance ID"}
	typeInterface = resourceType{"eni-", "network-interface", "InvalidNetworkInterfaceID.NotFound",
		"InvalidNetworkInterfaceId.Malformed", "networkInterface ID"}
	typeVolume = resourceType{"vol-", "volume", "InvalidVolume.NotFound", "InvalidVolumeID.Malformed", "volume"}
	typeImage  = resourceType{"ami-", "image", "InvalidAMIID.NotFound", "InvalidAMIID.Malformed", "image id"}
	typeDHCP   = resourceType{"dopt-", "dhcp-options", "InvalidDhcpOptionID.NotFound",
		"InvalidDhcpOptionsId.Malformed", "dhcpOption ID"}
)

var taggable = []resourceType{
	typeVPC, typeSubnet, typeGateway, typeTable, typeConnection, typeGroup, typeRule, typeACL, typePrefixList,
	typeInstance, typeInterface,
	typeDHCP, typeVolume,
	typeAddress, typeNAT, typeEgressOnly, typeVPN, typeEndpoint, typeTransitAttachment, typeTransitTable, typeTransit,
	typeKeyPair, typeReservation, typeCustomer, typeVPNConnection, typeFlowLog,
}

func (k resourceType) missing(id string) *refusal {
	return refuse(k.notFound, "The %s '%s' does not exist", k.noun, id)
}

// check refuses text that is not an id of this type. EC2 has different codes for malformed and unknown ids, and
// different texts for ids with another prefix and for those with wrong digits.
func (k resourceType) check(id string) error {
	rest, ok := strings.CutPrefix(id, k.prefix)
	switch {
	case id == "" || ok && (rest == "" || strings.Trim(rest, "0123456789abcdef") != ""):
		return refuse(k.malformed, "The %s ID '%s' is malformed", k.resource, id)
	case !ok:
		return refuse(k.malformed, `Invalid id: "%s" (expecting "%s...")`, id, k.prefix)
	}
	return nil
}

// find returns the resource with the id that the parameter names.
func find[T any](k resourceType, p params, name string, in map[string]T) (T, error) {
	id, err := p.must(name)
	if err != nil {
		var none T
		return none, err
	}
	return lookUp(k, id, in)
}

func lookUp[T any](k resourceType, id string, in map[string]T) (T, error) {
	var none T
	if err := k.check(id); err != nil {
		return none, err
	}
	if t, ok := in[id]; ok {
		return t, nil
	}
	return none, k.missing(id)
}

// derivedID returns the id of a resource that AWS makes in every account and Region: the same one in every cloud, so
// that the ids of all others don't depend on it.
func (c *cell) derivedID(prefix, name string) string {
	sum := sha256.Sum256([]byte(c.account + " " + c.region + " " + prefix + " " + name))
	return fmt.Sprintf("%s0%x", prefix, sum[:8])
}

// seededIDs makes ids as AWS's, 0 and 16 more hexadecimal digits, the same ones for the same seed.
func seededIDs(seed int64) func(prefix string) string {
	random := rand.New(rand.NewPCG(uint64(seed), 0)) // ids that a run can be replayed with, no secrets
	return func(prefix string) string { return fmt.Sprintf("%s0%016x", prefix, random.Uint64()) }
}
