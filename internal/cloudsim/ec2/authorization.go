package ec2

import (
	"maps"
	"net/http"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/iam"
)

// permission is one thing that a call needs: an action on one resource, with the condition keys that EC2 has for it.
type permission struct {
	action string
	arn    string
	keys   iam.Keys
}

// restricted has the calls that EC2 restricts to resources and this EC2 implements:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html.
// A resource that doesn't exist needs no permission, because the call is refused anyway. AWS doesn't document which
// of the two errors comes first.
var restricted = map[string]func(*request) []permission{
	"AcceptVpcPeeringConnection":                 (*request).toAccept,
	"CreateVpcPeeringConnection":                 (*request).toConnect,
	"RejectVpcPeeringConnection":                 (*request).onConnection,
	"DeleteVpcPeeringConnection":                 (*request).onConnection,
	"ModifyVpcPeeringConnectionOptions":          (*request).onConnection,
	"CreateRoute":                                (*request).onTable,
	"ReplaceRoute":                               (*request).onTable,
	"DeleteRoute":                                (*request).onTable,
	"AuthorizeSecurityGroupIngress":              (*request).toAuthorize,
	"AuthorizeSecurityGroupEgress":               (*request).toAuthorize,
	"RevokeSecurityGroupIngress":                 (*request).onGroup,
	"RevokeSecurityGroupEgress":                  (*request).onGroup,
	"ModifySecurityGroupRules":                   (*request).onGroup,
	"UpdateSecurityGroupRuleDescriptionsIngress": (*request).onGroup,
	"UpdateSecurityGroupRuleDescriptionsEgress":  (*request).onGroup,
	"CreateTags":                                 (*request).onTagged,
	"DeleteTags":                                 (*request).onTagged,
	"DescribeVpcAttribute":                       (*request).onVPC,
	"DeleteManagedPrefixList":                    (*request).onPrefixList,
	"ModifyManagedPrefixList":                    (*request).onPrefixList,
	"GetManagedPrefixListEntries":                (*request).onPrefixList,
	"GetManagedPrefixListAssociations":           (*request).onPrefixList,
	"RestoreManagedPrefixListVersion":            (*request).onPrefixList,

	"CreateKeyPair":              (*request).onKeyPair,
	"ImportKeyPair":              (*request).onKeyPair,
	"DeleteKeyPair":              (*request).onKeyPair,
	"RunInstances":               (*request).toRun,
	"StopInstances":              onNamed(typeInstance, "InstanceId"),
	"StartInstances":             onNamed(typeInstance, "InstanceId"),
	"RebootInstances":            onNamed(typeInstance, "InstanceId"),
	"TerminateInstances":         onNamed(typeInstance, "InstanceId"),
	"MonitorInstances":           onNamed(typeInstance, "InstanceId"),
	"UnmonitorInstances":         onNamed(typeInstance, "InstanceId"),
	"DeleteCustomerGateway":      onNamed(typeCustomer, "CustomerGatewayId"),
	"DeleteVpnConnection":        onNamed(typeVPNConnection, "VpnConnectionId"),
	"CreateVpnConnectionRoute":   onNamed(typeVPNConnection, "VpnConnectionId"),
	"DeleteVpnConnectionRoute":   onNamed(typeVPNConnection, "VpnConnectionId"),
	"DeleteFlowLogs":             onNamed(typeFlowLog, "FlowLogId"),
	"SearchTransitGatewayRoutes": onTransitTable,

	"DescribeInstanceAttribute":     onNamed(typeInstance, "InstanceId"),
	"ModifyInstanceAttribute":       onNamed(typeInstance, "InstanceId"),
	"ModifyInstanceMetadataOptions": onNamed(typeInstance, "InstanceId"),

	"ModifyTransitGateway":                       onNamed(typeTransit, "TransitGatewayId"),
	"ModifyTransitGatewayVpcAttachment":          onTransitAttachment,
	"CreateTransitGatewayRouteTable":             onNamed(typeTransit, "TransitGatewayId"),
	"DeleteTransitGatewayRouteTable":             onTransitTable,
	"CreateTransitGatewayRoute":                  onTransitTable,
	"ReplaceTransitGatewayRoute":                 onTransitTable,
	"DeleteTransitGatewayRoute":                  onTransitTable,
	"AssociateTransitGatewayRouteTable":          onTransitPair,
	"DisassociateTransitGatewayRouteTable":       onTransitPair,
	"EnableTransitGatewayRouteTablePropagation":  onTransitPair,
	"DisableTransitGatewayRouteTablePropagation": onTransitPair,
	"GetTransitGatewayRouteTableAssociations":    onTransitTable,
	"GetTransitGatewayRouteTablePropagations":    onTransitTable,
}

var (
	onTransitTable      = onNamed(typeTransitTable, "TransitGatewayRouteTableId")
	onTransitAttachment = onNamed(typeTransitAttachment, "TransitGatewayAttachmentId")
)

func onTransitPair(r *request) []permission {
	return append(onTransitAttachment(r), onTransitTable(r)...)
}

// allowed asks IAM for all that the call needs. The first refusal is the answer.
func (r *request) allowed(caller apicall.Caller, roles *iam.Registry) error {
	for _, p := range r.permissions() {
		p.keys["ec2:Region"] = []string{caller.Region}
		p.keys["aws:RequestedRegion"] = []string{caller.Region}
		err := roles.Authorize(iam.Request{
			Principal: iam.Principal{Account: caller.Account, ARN: caller.ARN}, Owner: caller.Account,
			Action: "ec2:" + p.action, Resource: p.arn, Keys: p.keys,
		}, iam.Policy{})
		if err != nil {
			return unauthorized(err)
		}
	}
	return nil
}

func unauthorized(err error) *refusal {
	return &refusal{
		code: "UnauthorizedOperation", message: "You are not authorized to perform this operation. " + err.Error(),
		status: http.StatusForbidden,
	}
}

func (r *request) permissions() []permission {
	needs, known := restricted[r.params["Action"]]
	if !known {
		return append(r.toTag(), r.need("*", iam.Keys{}))
	}
	return append(needs(r), r.toTag()...)
}

func (r *request) need(arn string, keys iam.Keys) permission {
	return permission{r.params["Action"], arn, keys}
}

// on is the permission for a resource that exists, which its tags may decide on.
func (r *request) on(k resourceType, id string, keys iam.Keys) permission {
	for key, value := range r.cell.tags[id] {
		keys["aws:ResourceTag/"+key] = []string{value}
		keys["ec2:ResourceTag/"+key] = []string{value}
	}
	return r.need(r.cell.arn(k, id), keys)
}

// toAccept is two permissions, the connection's and the accepter's VPC's. In the Service Authorization Reference, the
// tags are keys of the connection alone: https://docs.aws.amazon.com/vpc/latest/peering/security-iam.html.
func (r *request) toAccept() []permission {
	c, err := r.connection()
	if err != nil || !has(r.cell.vpcs, c.accepter.vpcID) {
		return r.onConnection()
	}
	return append(r.onConnection(), r.need(r.cell.arn(typeVPC, c.accepter.vpcID), vpcKeys(c.accepter.vpcID)))
}

// toConnect looks at the requester's VPC, and at a connection that has no id yet.
func (r *request) toConnect() []permission {
	id := r.params["VpcId"]
	if !has(r.cell.vpcs, id) {
		return nil
	}
	c, err := r.newConnection()
	if err != nil {
		return nil
	}
	keys := r.connectionKeys(c)
	delete(keys, "ec2:VpcPeeringConnectionID")
	maps.Copy(keys, requestTags(r.specifiedTags(typeConnection.resource)))
	return []permission{r.on(typeVPC, id, vpcKeys(id)), r.need(r.cell.arn(typeConnection, "*"), keys)}
}

func vpcKeys(id string) iam.Keys { return iam.Keys{"ec2:VpcID": {id}, "ec2:Tenancy": {"default"}} }

func (r *request) onConnection() []permission {
	c, err := r.connection()
	if err != nil {
		return nil
	}
	return []permission{r.on(typeConnection, c.id, r.connectionKeys(c))}
}

// connectionKeys name each VPC by its account and its Region, or by the Region of the call: AWS documents the keys only
// for connections inside one Region.
func (r *request) connectionKeys(c *connection) iam.Keys {
	requester, accepter := c.requester, c.accepter
	if r.opts.Switches.CallRegionInVPCKeys {
		requester.region, accepter.region = r.cell.region, r.cell.region
	}
	return iam.Keys{
		"ec2:VpcPeeringConnectionID": {c.id},
		"ec2:RequesterVpc":           {requester.vpcARN()},
		"ec2:AccepterVpc":            {accepter.vpcARN()},
	}
}

func (s side) vpcARN() string { return (&cell{accountRegion: s.accountRegion}).arn(typeVPC, s.vpcID) }

// onTable has no key for a route's destination or target, because EC2 has none.
func (r *request) onTable() []permission {
	t := r.cell.tables[r.params["RouteTableId"]]
	if t == nil {
		return nil
	}
	return []permission{r.on(typeTable, t.id, iam.Keys{
		"ec2:RouteTableID": {t.id}, "ec2:Vpc": {t.vpc.arn(typeVPC, t.vpc.id)},
	})}
}

// onGroup has no key for a rule's source or ports, because EC2 has none, and doesn't look at rules that a call names by
// their ids. The Service Authorization Reference has the security group as the only resource of both revocations.
func (r *request) onGroup() []permission {
	g, err := r.group()
	if err != nil {
		return nil
	}
	return []permission{r.on(typeGroup, g.id, iam.Keys{
		"ec2:SecurityGroupID": {g.id}, "ec2:Vpc": {g.arn(typeVPC, g.vpc.id)},
	})}
}

// toAuthorize looks at the new rules too if the call tags them, and only then.
func (r *request) toAuthorize() []permission {
	all := r.onGroup()
	if tags := r.specifiedTags(typeRule.resource); len(tags) > 0 {
		all = append(all, r.need(r.cell.arn(typeRule, "*"), requestTags(tags)))
	}
	return all
}

func (r *request) onVPC() []permission {
	id := r.params["VpcId"]
	if !has(r.cell.vpcs, id) {
		return nil
	}
	return []permission{r.on(typeVPC, id, vpcKeys(id))}
}

func (r *request) onPrefixList() []permission {
	id := r.params["PrefixListId"]
	l := r.cell.allLists()[id]
	if l == nil {
		return nil
	}
	if l.isAmazons() {
		return []permission{r.need(l.arn(typePrefixList, id), iam.Keys{})}
	}
	return []permission{r.on(typePrefixList, id, iam.Keys{})}
}

// onNamed returns the permissions of a call on the resources whose ids are in the parameter.
func onNamed(k resourceType, parameter string) func(*request) []permission {
	return func(r *request) []permission {
		var all []permission
		for _, id := range r.list(parameter) {
			if held[k.prefix](r.cell, id) {
				all = append(all, r.on(k, id, iam.Keys{}))
			}
		}
		return all
	}
}

// onKeyPair has the name in the ARN where other resources have their id.
func (r *request) onKeyPair() []permission {
	name, keys := r.params["KeyName"], requestTags(r.specifiedTags(typeKeyPair.resource))
	k := r.cell.keys[r.params["KeyPairId"]]
	if k == nil {
		k = r.cell.keyNamed(name)
	}
	if k == nil {
		return []permission{r.need(r.cell.arn(typeKeyPair, name), keys)}
	}
	p := r.on(typeKeyPair, k.id, keys)
	p.arn = r.cell.arn(typeKeyPair, k.name)
	return []permission{p}
}

// toRun looks at the image, the instance, its volume and its key pair, and at each interface with its subnet and its
// groups. A call that is refused anyway, for a subnet that doesn't exist for example, needs the rest alone.
func (r *request) toRun() []permission {
	size := orText(r.params["InstanceType"], defaultSize)
	keys := requestTags(r.specifiedTags(typeInstance.resource))
	keys["ec2:InstanceType"] = []string{size}
	all := []permission{
		r.need("arn:aws:ec2:"+r.cell.region+"::image/"+r.imageID(), iam.Keys{"ec2:ImageID": {r.imageID()}}),
		r.need(r.cell.arn(typeInstance, "*"), keys),
		r.need(r.cell.arn(typeVolume, "*"), requestTags(r.specifiedTags(typeVolume.resource))),
	}
	if name := r.params["KeyName"]; name != "" {
		all = append(all, r.onKeyPair()...)
	}
	launched := r.items("NetworkInterface")
	if len(launched) == 0 {
		launched = []params{r.params}
	}
	for _, fields := range launched {
		inner := *r
		inner.params = maps.Clone(fields)
		inner.params["Action"] = r.params["Action"]
		all = append(all, inner.toPlace(requestTags(r.specifiedTags(typeInterface.resource)))...)
	}
	return all
}

// toPlace looks at an interface that exists, or else at a new one with the tags.
func (r *request) toPlace(tags iam.Keys) []permission {
	if f := r.cell.faces[r.params["NetworkInterfaceId"]]; f != nil {
		return []permission{r.on(typeInterface, f.id, iam.Keys{})}
	}
	s, err := r.instanceSubnet()
	if err != nil {
		return nil
	}
	in := []string{s.vpc.arn(typeVPC, s.vpc.id)}
	tags["ec2:Vpc"] = in
	all := []permission{
		r.on(typeSubnet, s.id, iam.Keys{"ec2:SubnetID": {s.id}, "ec2:Vpc": in}), r.need(r.cell.arn(typeInterface, "*"), tags),
	}
	groups, err := r.instanceGroups(s.vpc)
	if err != nil {
		return all
	}
	for _, g := range groups {
		all = append(all, r.on(typeGroup, g.id, iam.Keys{"ec2:SecurityGroupID": {g.id}, "ec2:Vpc": in}))
	}
	return all
}

// onTagged looks at everything that is to be tagged, and at the tags.
func (r *request) onTagged() []permission {
	ids, err := r.tagged()
	if err != nil {
		return nil
	}
	var all []permission
	for _, id := range ids {
		k, _ := typeOf(id) // tagged has checked it
		keys := iam.Keys{}
		if c := r.connections[id]; c != nil {
			keys = r.connectionKeys(c)
		}
		maps.Copy(keys, requestTags(r.items("Tag")))
		all = append(all, r.on(k, id, keys))
	}
	return all
}

// toTag returns the further permission of a call that tags the resource that it creates:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html.
func (r *request) toTag() []permission {
	var all []permission
	for _, spec := range r.tagSpecifications() {
		if tags := spec.items("Tag"); len(tags) > 0 {
			keys := requestTags(tags)
			keys["ec2:CreateAction"] = []string{r.params["Action"]}
			all = append(all, permission{"CreateTags", r.cell.arn(resourceType{resource: spec["ResourceType"]}, "*"), keys})
		}
	}
	return all
}

func (r *request) specifiedTags(resource string) []params {
	var tags []params
	for _, spec := range r.tagSpecifications() {
		if spec["ResourceType"] == resource {
			tags = append(tags, spec.items("Tag")...)
		}
	}
	return tags
}

// requestTags has no aws:TagKeys where there is no tag: the key is absent then, not empty.
func requestTags(tags []params) iam.Keys {
	keys := iam.Keys{}
	for _, tag := range tags {
		keys["aws:RequestTag/"+tag["Key"]] = []string{tag["Value"]}
		keys["aws:TagKeys"] = append(keys["aws:TagKeys"], tag["Key"])
	}
	return keys
}
