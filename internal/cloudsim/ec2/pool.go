package ec2

import "net/netip"

// poolParams ask for a block of a pool of the VPC IP Address Manager (IPAM).
const poolParams = "Ipv4IpamPoolId Ipv4NetmaskLength Ipv6IpamPoolId Ipv6NetmaskLength"

// blockParams ask for an IPv6 block of a VPC.
const blockParams = "AmazonProvidedIpv6CidrBlock Ipv6CidrBlock Ipv6Pool Ipv6CidrBlockNetworkBorderGroup " + poolParams

const amazonPool = "Amazon"

// typePool has the code and the text that users of CreateVpc quote.
var typePool = resourceType{
	"ipam-pool-", "ipam-pool", "InvalidIpamPoolId.NotFound", "InvalidIpamPoolId.Malformed", "ipam-pool ID",
}

// checkPools refuses the pools of IPAM, which no account here has.
func (r *request) checkPools() error {
	for _, family := range []string{"Ipv4", "Ipv6"} {
		id, length := family+"IpamPoolId", family+"NetmaskLength"
		switch {
		case r.has(id):
			_, err := find(typePool, r.params, id, map[string]bool{})
			return err
		case r.has(length):
			return combination("The parameter " + lowerFirst(length) + " cannot be used without " + lowerFirst(id))
		}
	}
	return nil
}

// wantedSix reads the IPv6 block that the request wants for a VPC, if it wants one. The prefix is the zero Prefix for a
// block of Amazon's choice. A pool exists here if the request names a block of it. Most codes aren't documented.
func (r *request) wantedSix() (prefix netip.Prefix, wanted bool, err error) {
	amazon, err := r.amazonWanted()
	pool, chosen := r.params["Ipv6Pool"], r.has("Ipv6CidrBlock")
	switch {
	case err != nil:
	case amazon && (pool != "" || chosen):
		err = combination("The parameter amazonProvidedIpv6CidrBlock cannot be used with ipv6Pool or ipv6CidrBlock")
	case chosen && pool == "":
		err = missing("ipv6Pool")
	case pool != "" && !chosen:
		err = refuse("InvalidIpv6PoolID.NotFound", "The ipv6-pool ID '%s' does not exist", pool)
	case chosen:
		prefix, err = r.chosenSix()
	}
	return prefix, amazon || chosen, err
}

// amazonWanted reports whether the request wants a block of Amazon's, which can be advertised from the Region alone.
func (r *request) amazonWanted() (bool, error) {
	amazon, err := r.bool("AmazonProvidedIpv6CidrBlock")
	border := r.params["Ipv6CidrBlockNetworkBorderGroup"]
	switch {
	case err != nil || border == "":
	case !amazon:
		err = combination("The parameter ipv6CidrBlockNetworkBorderGroup needs amazonProvidedIpv6CidrBlock")
	case border != r.cell.region:
		err = invalidValue("Value (%s) for parameter ipv6CidrBlockNetworkBorderGroup is invalid.", border)
	}
	return amazon, err
}

// chosenSix: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html#vpc-sizing-ipv6
func (r *request) chosenSix() (netip.Prefix, error) {
	prefix, err := r.cidr("Ipv6CidrBlock")
	if bits := prefix.Bits(); err == nil && (bits < 44 || bits > 60 || bits%4 != 0) {
		err = refuse("InvalidVpc.Range", "The CIDR '%s' is invalid.", prefix)
	}
	return prefix, err
}

// sixBlock makes the block that wantedSix has read.
func (r *request) sixBlock(prefix netip.Prefix) block {
	if !prefix.IsValid() {
		return r.amazonBlock()
	}
	return block{id: r.newID(typeBlock.prefix), prefix: prefix, pool: r.params["Ipv6Pool"]}
}
