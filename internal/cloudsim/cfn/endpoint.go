package cfn

import (
	"encoding/json"
	"strconv"
)

type endpointProperties struct {
	ServiceName       string
	VPCID             string `json:"VpcId"`
	VPCEndpointType   string `json:"VpcEndpointType"`
	PolicyDocument    json.RawMessage
	PrivateDNSEnabled *bool    `json:"PrivateDnsEnabled"`
	RouteTableIDs     []string `json:"RouteTableIds"`
	SubnetIDs         []string `json:"SubnetIds"`
	SecurityGroupIDs  []string `json:"SecurityGroupIds"`
	Tags              []tag
}

func createEndpoint(d *deployment, _ string, p endpointProperties) (made, error) {
	params := p.params(map[string]string{
		"ServiceName": p.ServiceName, "VpcId": p.VPCID, "VpcEndpointType": p.VPCEndpointType,
	})
	for name, ids := range map[string][]string{
		"RouteTableId": p.RouteTableIDs, "SubnetId": p.SubnetIDs, "SecurityGroupId": p.SecurityGroupIDs,
	} {
		listed(params, name, ids)
	}
	if _, set := params["PrivateDnsEnabled"]; !set && p.VPCEndpointType == "Interface" {
		params["PrivateDnsEnabled"] = "false" // CloudFormation's default, while EC2's is true
	}
	answer, err := d.ec2("CreateVpcEndpoint", tagged("vpc-endpoint", p.Tags, params))
	id := answer.first("vpcEndpointId")
	return made{id, map[string]string{"Id": id}}, err
}

func (p endpointProperties) params(params map[string]string) map[string]string {
	params["PolicyDocument"] = string(p.PolicyDocument)
	if p.PrivateDNSEnabled != nil {
		params["PrivateDnsEnabled"] = strconv.FormatBool(*p.PrivateDNSEnabled)
	}
	return params
}

// updateEndpoint resets the policy of an endpoint whose template no longer has one.
func updateEndpoint(d *deployment, id string, before, after endpointProperties) (made, error) {
	r := d.resources[id]
	params := after.params(map[string]string{"VpcEndpointId": r.ref})
	if len(before.PolicyDocument) > 0 && len(after.PolicyDocument) == 0 {
		params["ResetPolicy"] = "true"
	}
	for name, ids := range map[string][2][]string{
		"RouteTableId": {before.RouteTableIDs, after.RouteTableIDs}, "SubnetId": {before.SubnetIDs, after.SubnetIDs},
		"SecurityGroupId": {before.SecurityGroupIDs, after.SecurityGroupIDs},
	} {
		listed(params, "Add"+name, without(ids[1], ids[0]))
		listed(params, "Remove"+name, without(ids[0], ids[1]))
	}
	if _, err := d.ec2("ModifyVpcEndpoint", params); err != nil {
		return made{}, err
	}
	return r, d.retag(r.ref, before.Tags, after.Tags)
}

// without returns the ids that aren't among the others.
func without(ids, others []string) []string {
	var rest []string
	for _, id := range ids {
		found := false
		for _, other := range others {
			found = found || id == other
		}
		if !found {
			rest = append(rest, id)
		}
	}
	return rest
}

func removeEndpoint(d *deployment, r made, _ endpointProperties) error {
	_, err := d.ec2("DeleteVpcEndpoints", map[string]string{"VpcEndpointId.1": r.ref})
	return err
}
