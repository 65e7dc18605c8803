package cfn

import "strconv"

type vpcProperties struct {
	CidrBlock          string
	EnableDNSSupport   *bool `json:"EnableDnsSupport"`
	EnableDNSHostnames *bool `json:"EnableDnsHostnames"`
	InstanceTenancy    string
	Tags               []tag
}

func createVPC(d *deployment, _ string, p vpcProperties) (made, error) {
	answer, err := d.ec2("CreateVpc", tagged("vpc", p.Tags, map[string]string{
		"CidrBlock": p.CidrBlock, "InstanceTenancy": p.InstanceTenancy,
	}))
	if err != nil {
		return made{}, err
	}
	id := answer.first("vpcId")
	return made{id, map[string]string{"VpcId": id, "CidrBlock": answer.first("cidrBlock")}}, d.setAttributes(id, p)
}

func updateVPC(d *deployment, id string, before, after vpcProperties) (made, error) {
	r := d.resources[id]
	if err := d.retag(r.ref, before.Tags, after.Tags); err != nil {
		return made{}, err
	}
	return r, d.setAttributes(r.ref, after)
}

// setAttributes makes one call for each attribute, as EC2 demands.
func (d *deployment) setAttributes(id string, p vpcProperties) error {
	for _, attribute := range []struct {
		name  string
		value *bool
	}{{"EnableDnsSupport", p.EnableDNSSupport}, {"EnableDnsHostnames", p.EnableDNSHostnames}} {
		if attribute.value == nil {
			continue
		}
		params := map[string]string{"VpcId": id, attribute.name + ".Value": strconv.FormatBool(*attribute.value)}
		if _, err := d.ec2("ModifyVpcAttribute", params); err != nil {
			return err
		}
	}
	return nil
}

func removeVPC(d *deployment, r made, _ vpcProperties) error {
	_, err := d.ec2("DeleteVpc", map[string]string{"VpcId": r.ref})
	return err
}

type subnetProperties struct {
	VPCID               string `json:"VpcId"`
	CidrBlock           string
	AvailabilityZone    string
	MapPublicIPOnLaunch *bool `json:"MapPublicIpOnLaunch"`
	Tags                []tag
}

func createSubnet(d *deployment, _ string, p subnetProperties) (made, error) {
	params := map[string]string{"VpcId": p.VPCID, "CidrBlock": p.CidrBlock, "AvailabilityZone": p.AvailabilityZone}
	answer, err := d.ec2("CreateSubnet", tagged("subnet", p.Tags, params))
	if err != nil {
		return made{}, err
	}
	id := answer.first("subnetId")
	return made{id, map[string]string{"SubnetId": id, "AvailabilityZone": answer.first("availabilityZone")}},
		d.mapPublicAddresses(id, p.MapPublicIPOnLaunch)
}

func (d *deployment) mapPublicAddresses(subnet string, maps *bool) error {
	if maps == nil {
		return nil
	}
	_, err := d.ec2("ModifySubnetAttribute", map[string]string{
		"SubnetId": subnet, "MapPublicIpOnLaunch.Value": strconv.FormatBool(*maps),
	})
	return err
}

func updateSubnet(d *deployment, id string, before, after subnetProperties) (made, error) {
	r := d.resources[id]
	if err := d.retag(r.ref, before.Tags, after.Tags); err != nil {
		return made{}, err
	}
	return r, d.mapPublicAddresses(r.ref, after.MapPublicIPOnLaunch)
}

func removeSubnet(d *deployment, r made, _ subnetProperties) error {
	_, err := d.ec2("DeleteSubnet", map[string]string{"SubnetId": r.ref})
	return err
}

type gatewayProperties struct{ Tags []tag }

func createGateway(d *deployment, _ string, p gatewayProperties) (made, error) {
	answer, err := d.ec2("CreateInternetGateway", tagged("internet-gateway", p.Tags, map[string]string{}))
	id := answer.first("internetGatewayId")
	return made{id, map[string]string{"InternetGatewayId": id}}, err
}

func updateGateway(d *deployment, id string, before, after gatewayProperties) (made, error) {
	return d.resources[id], d.retag(d.resources[id].ref, before.Tags, after.Tags)
}

func removeGateway(d *deployment, r made, _ gatewayProperties) error {
	_, err := d.ec2("DeleteInternetGateway", map[string]string{"InternetGatewayId": r.ref})
	return err
}

type attachmentProperties struct {
	VPCID             string `json:"VpcId"`
	InternetGatewayID string `json:"InternetGatewayId"`
}

func createAttachment(d *deployment, _ string, p attachmentProperties) (made, error) {
	_, err := d.ec2("AttachInternetGateway", map[string]string{"VpcId": p.VPCID, "InternetGatewayId": p.InternetGatewayID})
	return made{ref: "IGW|" + p.VPCID}, err
}

func removeAttachment(d *deployment, _ made, p attachmentProperties) error {
	_, err := d.ec2("DetachInternetGateway", map[string]string{"VpcId": p.VPCID, "InternetGatewayId": p.InternetGatewayID})
	return err
}
