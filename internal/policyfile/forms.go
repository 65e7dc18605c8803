package policyfile

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"strconv"

	"github.com/invopop/jsonschema"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

const (
	cidrPattern = `^[0-9A-Fa-f.:]+/[0-9]{1,3}$`
	portPattern = `([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])`
	bytePattern = `([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])`
)

// sourcePattern matches blocks, security groups and prefix lists.
var sourcePattern = fmt.Sprintf("(%s)|(%s)|(%s)", cidrPattern, peering.IDPattern("sg"), peering.IDPattern("pl"))

// allProtocols stands for EC2's -1.
const allProtocols = "all"

// message is the keyword of a form's message, a problem and a fix. Editors show it too.
const message = "errorMessage"

const (
	notCIDR   = `is not a CIDR block; write it like 10.0.0.0/16 or "2001:db8::/56"`
	notSource = "is neither a block, a security group nor a prefix list; write it like 10.0.0.0/16, " +
		"sg-0a1b2c3d4e5f60001 or pl-0a1b2c3d4e5f60001"
	notPorts = "is not a port or a range of ports; write 443 or 5432-5440, with ports from 1 to 65535"
	notType  = `is not a type of ICMP; write 8, or "3/4" for type and code, with numbers from 0 to 255`
)

// forms has the form of every T of a scalar[T] in the document.
var forms = map[reflect.Type]jsonschema.Schema{
	reflect.TypeFor[bool]():    {Type: "boolean"},
	reflect.TypeFor[version](): numberForm(1, 1, "is not known; write version: 1"),

	reflect.TypeFor[name](): described("The name of a department.",
		textForm(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`, "marketing, with letters, digits, - and _, and a letter first")),
	reflect.TypeFor[tagKey]():   described("The key of a tag.", textForm(`^.{1,128}$`, "Tier")),
	reflect.TypeFor[tagValue](): described("The value of the tag.", textForm(`^.{0,256}$`, "private")),

	reflect.TypeFor[peering.AccountID](): textForm(peering.AccountPattern, `"111111111111"`),
	reflect.TypeFor[peering.Region]():    textForm(peering.RegionPattern, "us-east-1"),

	reflect.TypeFor[peering.VPCID]():           idForm("vpc"),
	reflect.TypeFor[peering.SubnetID]():        described("The id of a subnet.", idForm("subnet")),
	reflect.TypeFor[peering.RouteTableID]():    described("The id of a route table.", idForm("rtb")),
	reflect.TypeFor[peering.SecurityGroupID](): described("The id of a security group.", idForm("sg")),

	// The quotas that AWS grants at most.
	// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
	reflect.TypeFor[peeringLimit](): limitForm(125),
	reflect.TypeFor[routeLimit]():   limitForm(1000),
	reflect.TypeFor[ruleLimit]():    limitForm(1000),

	reflect.TypeFor[policy.Mode]():      enumForm(policy.EnforceMode, policy.ReportMode),
	reflect.TypeFor[policy.Otherwise](): enumForm(policy.LeaveOthers, policy.RejectOthers),
	reflect.TypeFor[policy.Removed]():   enumForm(policy.ReportRemoved, policy.DisconnectRemoved),
	reflect.TypeFor[peering.Role]():     enumForm(peering.Requester, peering.Accepter),
	reflect.TypeFor[policy.Approval]():  enumForm(policy.ManualApproval),
	reflect.TypeFor[policy.Tags]():      enumForm(policy.NoTags),
	reflect.TypeFor[policy.TableScope](): described("All route tables of the VPC, the main one, or none.",
		enumForm(policy.AllTables, policy.MainTable, policy.NoTables)),
	reflect.TypeFor[peering.Protocol](): enumForm(peering.TCP, peering.UDP, peering.ICMP, peering.ICMPv6, allProtocols),

	reflect.TypeFor[netip.Prefix](): described("A CIDR block.", withMessage(notCIDR, textForm(cidrPattern, ""))),
	reflect.TypeFor[source](): described("A CIDR block, a security group or a prefix list.",
		withMessage(notSource, textForm(sourcePattern, ""))),
	reflect.TypeFor[policy.PortRange](): described("A port, or a range of ports such as 5432-5440.",
		numberOrText(numberForm(1, 65535, notPorts), portPattern+"(-"+portPattern+")?")),
	reflect.TypeFor[policy.ICMPType](): described("A type of ICMP, or a type with a code such as 3/4.",
		numberOrText(numberForm(0, 255, notType), bytePattern+"(/"+bytePattern+")?")),
}

func withMessage(text string, form jsonschema.Schema) jsonschema.Schema {
	form.Extras = map[string]any{message: text}
	return form
}

// described adds the description that editors show.
func described(text string, form jsonschema.Schema) jsonschema.Schema {
	form.Description = text
	return form
}

func textForm(pattern, example string) jsonschema.Schema {
	return withMessage("has the wrong form; write it like "+example, jsonschema.Schema{Type: "string", Pattern: pattern})
}

func idForm(prefix string) jsonschema.Schema {
	return textForm(peering.IDPattern(prefix), prefix+"-0a1b2c3d4e5f60001")
}

func enumForm[T ~string](values ...T) (form jsonschema.Schema) {
	for _, w := range values {
		form.Enum = append(form.Enum, string(w))
	}
	return form
}

func numberForm(least, most int, text string) jsonschema.Schema {
	return withMessage(text, jsonschema.Schema{
		Type: "integer", Minimum: json.Number(strconv.Itoa(least)), Maximum: json.Number(strconv.Itoa(most)),
	})
}

func limitForm(most int) jsonschema.Schema {
	return numberForm(1, most, fmt.Sprintf("is not a quota that AWS grants; write a whole number from 1 to %d", most))
}

// numberOrText adds text to the form of a number.
func numberOrText(form jsonschema.Schema, pattern string) jsonschema.Schema {
	form.Type, form.Extras["type"] = "", []string{"integer", "string"}
	form.Pattern = "^" + pattern + "$"
	return form
}
