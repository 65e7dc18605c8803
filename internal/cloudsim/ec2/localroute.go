package ec2

import (
	"net/netip"
	"slices"
)

// localTarget is the target that the routes of a new table have, one for each block of the VPC.
var localTarget = target{targetGateway, "local"}

// localParam asks for that target, in ReplaceRoute alone.
const localParam = "LocalTarget"

// localRoutes are the routes for the blocks of the VPC. They can't be deleted, but they can get another target:
// https://docs.aws.amazon.com/vpc/latest/userguide/replace-local-route-target.html.
func (t *table) localRoutes() []*route {
	var all []*route
	for _, b := range t.vpc.blocks {
		if !b.isAssociated() {
			continue
		}
		to, replaced := t.replaced[b.prefix]
		if !replaced {
			to = localTarget
		}
		all = append(all, &route{destination: b.prefix, target: to, local: true})
	}
	return all
}

// replacedRoutes are the local routes with another target.
func (t *table) replacedRoutes() []*route {
	return slices.DeleteFunc(t.localRoutes(), func(r *route) bool { return r.target == localTarget })
}

func (t *table) replaceLocal(there *route, to target) {
	if t.replaced == nil {
		t.replaced = map[netip.Prefix]target{}
	}
	t.replaced[there.destination] = to
}

// restoreLocal gives a local route its first target again. No other route can have it; the code isn't documented.
func (t *table) restoreLocal(there *route) error {
	if !there.local {
		return invalidValue("The route for %s in route table %s is not a local route", there.key(), t.id)
	}
	delete(t.replaced, there.destination)
	return nil
}

// foreignTargets are the types of targets that exist in no account here. The code of an unknown core network is one
// that users of CreateRoute quote.
var foreignTargets = map[string]resourceType{
	targetEndpoint: typeEndpoint,
	targetCarrier: {
		"cagw-", "carrier-gateway", "InvalidCarrierGatewayID.NotFound", "InvalidCarrierGatewayID.Malformed",
		"carrierGateway ID",
	},
	targetOutpost: {
		"lgw-", "local-gateway", "InvalidLocalGatewayID.NotFound", "InvalidLocalGatewayID.Malformed", "localGateway ID",
	},
	targetCore: {
		"arn:aws:networkmanager:", "core-network", "InvalidCoreNetworkArn.NotFound", "InvalidCoreNetworkArn.Malformed",
		"core network arn",
	},
}

// refuseForeign finds VPC endpoints too, but a route can lead only to those of a Gateway Load Balancer:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html.
func (r *request) refuseForeign(to target) error {
	k := foreignTargets[to.parameter]
	switch e := r.cell.endpoints[to.id]; {
	case to.parameter == targetEndpoint && e != nil:
		return invalidValue("Routes to VPC endpoints support those of Gateway Load Balancers only, not %s", to.id)
	case to.parameter == targetCore:
		return k.missing(to.id)
	}
	_, err := lookUp(k, to.id, map[string]bool{})
	return err
}
