package ec2

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
)

// recordOf returns CloudTrail's record of a mutating call.
func recordOf(call *apicall.Call, requestID string, nodes []node, err error) apicall.Record {
	record := apicall.Record{
		Caller:            call.Caller,
		At:                time.Now(),
		EventSource:       "ec2.amazonaws.com",
		EventName:         call.Action,
		RequestID:         requestID,
		RequestParameters: trailedRequest(call),
	}
	if err != nil {
		refused := asRefusal(err)
		record.ErrorCode, record.ErrorMessage = refused.trailCode(), refused.message
		return record
	}
	record.ResponseElements = trailedAnswer(call.Action, requestID, nodes)
	return record
}

// nested are calls that are recorded as newer ones are: inside an object that is called after the request or the
// answer, and the parameters by the names that they have on the wire.
var nested = []string{
	"AssociateVpcCidrBlock", "DisassociateVpcCidrBlock", "ModifySecurityGroupRules",
	"CreateNatGateway", "DeleteNatGateway",
	"CreateEgressOnlyInternetGateway", "DeleteEgressOnlyInternetGateway", "CreateVpcEndpoint",
	"ModifyVpcEndpoint", "DeleteVpcEndpoints",
	"CreateTransitGateway", "DeleteTransitGateway", "CreateTransitGatewayVpcAttachment",
	"DeleteTransitGatewayVpcAttachment", "ModifyTransitGateway", "ModifyTransitGatewayVpcAttachment",
	"CreateTransitGatewayRouteTable", "DeleteTransitGatewayRouteTable", "CreateTransitGatewayRoute",
	"ReplaceTransitGatewayRoute", "DeleteTransitGatewayRoute", "AssociateTransitGatewayRouteTable",
	"DisassociateTransitGatewayRouteTable", "EnableTransitGatewayRouteTablePropagation",
	"DisableTransitGatewayRouteTablePropagation",
	"ModifyManagedPrefixList", "RestoreManagedPrefixListVersion", "CreateFlowLogs", "DeleteFlowLogs",
}

func trailedRequest(call *apicall.Call) map[string]any {
	if !slices.Contains(nested, call.Action) {
		return complete(call.Action, trailedParams(call.Params))
	}
	m := map[string]any{}
	for name, v := range call.Params {
		if name != "Action" && name != "Version" {
			m[name] = trailedValue(name, v)
		}
	}
	return map[string]any{call.Action + "Request": m}
}

// complete adds CloudTrail's values for parameters that a call left out, and renames one, as in the recorded calls.
func complete(action string, m map[string]any) map[string]any {
	switch action {
	case "AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress", "RevokeSecurityGroupIngress",
		"RevokeSecurityGroupEgress":
		if m["cidrIp"] != nil {
			orEmpty(m, "ipPermissions")
		}
	case "CreateNetworkAclEntry", "ReplaceNetworkAclEntry":
		rename(m, "protocol", "aclProtocol")
		rename(m, "icmp", "icmpTypeCode")
		orEmpty(m, "icmpTypeCode", "portRange")
	}
	return m
}

func rename(m map[string]any, from, to string) {
	if v, found := m[from]; found {
		delete(m, from)
		m[to] = v
	}
}

func orEmpty(m map[string]any, names ...string) {
	for _, name := range names {
		if m[name] == nil {
			m[name] = map[string]any{}
		}
	}
}

func trailedAnswer(action, requestID string, nodes []node) map[string]any {
	m := trailedAll(nodes)
	m["requestId"] = requestID
	if !slices.Contains(nested, action) {
		return m
	}
	m["xmlns"] = namespace
	return map[string]any{action + "Response": m}
}

// trailedParams are the parameters by CloudTrail's names: lower camel case, and a list is called …Set, with items.
// The shape is that of real records; see "CloudTrail record contents",
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html.
func trailedParams(p params) map[string]any {
	m := map[string]any{}
	for _, root := range roots(p) {
		switch {
		case root == "Action" || root == "Version":
		case len(p.items(root)) > 0:
			m[setName(root)] = trailedList(root, p.items(root))
		case p.has(root) && p[root] == "":
			m[lowerFirst(root)] = trailedStructure(p, root)
		default:
			m[lowerFirst(root)] = trailedValue(root, p[root])
		}
	}
	return m
}

func roots(p params) []string {
	seen := map[string]bool{}
	var all []string
	for name := range p {
		root, _, _ := strings.Cut(name, ".")
		if !seen[root] {
			seen[root] = true
			all = append(all, root)
		}
	}
	return all
}

// setNames are the lists that do not follow the rule.
var setNames = map[string]string{
	"ResourceId":      "resourcesSet",
	"SecurityGroupId": "groupSet",
	"InstanceId":      "instancesSet",
	"IpPermissions":   "ipPermissions",
	"IpRanges":        "ipRanges",
	"Ipv6Ranges":      "ipv6Ranges",
	"Groups":          "groups",
	"PrefixListIds":   "prefixListIds",
}

func setName(root string) string {
	if name, ok := setNames[root]; ok {
		return name
	}
	return lowerFirst(root) + "Set"
}

func trailedList(root string, items []params) any {
	list := make([]any, len(items))
	for i, item := range items {
		if v, scalar := item[""]; scalar {
			list[i] = map[string]any{lowerFirst(root): v}
			continue
		}
		list[i] = trailedItem(root, item)
	}
	return map[string]any{"items": list}
}

// trailedItem is one item of a list. The tags inside a tag specification are a plain array, and a permission has all
// lists of sources, also empty ones.
func trailedItem(root string, item params) map[string]any {
	m := trailedParams(item)
	switch root {
	case "IpPermissions":
		orEmpty(m, "groups", "ipRanges", "ipv6Ranges", "prefixListIds")
	case "TagSpecification":
		if set, ok := m["tagSet"].(map[string]any); ok {
			delete(m, "tagSet")
			m["tags"] = set["items"]
		}
	}
	return m
}

func trailedStructure(p params, root string) any {
	inner := p.within(root)
	if len(inner) == 0 {
		return ""
	}
	return trailedParams(inner)
}

// trailedValue keeps ports, counts and flags as JSON's own types. The value of a tag and a description stay strings.
func trailedValue(name, v string) any {
	switch name {
	case "PreSharedKey":
		return sensitive
	case "FromPort", "ToPort", "MinCount", "MaxCount", "MaxEntries", "RuleNumber", "Type", "Code", "From", "To":
		if n, err := strconv.Atoi(v); err == nil {
			return n
		}
	case "DryRun", "Egress", "AmazonProvidedIpv6CidrBlock", "AllowDnsResolutionFromRemoteVpc", multipathOption:
		if b, err := strconv.ParseBool(v); err == nil {
			return b
		}
	}
	return v
}
