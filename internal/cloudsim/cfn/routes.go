package cfn

type tableProperties struct {
	VPCID string `json:"VpcId"`
	Tags  []tag
}

func createTable(d *deployment, _ string, p tableProperties) (made, error) {
	answer, err := d.ec2("CreateRouteTable", tagged("route-table", p.Tags, map[string]string{"VpcId": p.VPCID}))
	id := answer.first("routeTableId")
	return made{id, map[string]string{"RouteTableId": id}}, err
}

func updateTable(d *deployment, id string, before, after tableProperties) (made, error) {
	return d.resources[id], d.retag(d.resources[id].ref, before.Tags, after.Tags)
}

func removeTable(d *deployment, r made, _ tableProperties) error {
	_, err := d.ec2("DeleteRouteTable", map[string]string{"RouteTableId": r.ref})
	return err
}

type routeProperties struct {
	RouteTableID         string `json:"RouteTableId"`
	DestinationCidrBlock string
	GatewayID            string `json:"GatewayId"`
}

func createRoute(d *deployment, _ string, p routeProperties) (made, error) {
	return p.made(), d.putRoute("CreateRoute", p)
}

func updateRoute(d *deployment, _ string, _, after routeProperties) (made, error) {
	return after.made(), d.putRoute("ReplaceRoute", after)
}

func (p routeProperties) made() made { return made{ref: p.RouteTableID + "|" + p.DestinationCidrBlock} }

func (d *deployment) putRoute(action string, p routeProperties) error {
	_, err := d.ec2(action, map[string]string{
		"RouteTableId": p.RouteTableID, "DestinationCidrBlock": p.DestinationCidrBlock, "GatewayId": p.GatewayID,
	})
	return err
}

func removeRoute(d *deployment, _ made, p routeProperties) error {
	_, err := d.ec2("DeleteRoute", map[string]string{
		"RouteTableId": p.RouteTableID, "DestinationCidrBlock": p.DestinationCidrBlock,
	})
	return err
}

type associationProperties struct {
	SubnetID     string `json:"SubnetId"`
	RouteTableID string `json:"RouteTableId"`
}

func createAssociation(d *deployment, _ string, p associationProperties) (made, error) {
	answer, err := d.ec2("AssociateRouteTable", map[string]string{"SubnetId": p.SubnetID, "RouteTableId": p.RouteTableID})
	return made{ref: answer.first("associationId")}, err
}

func removeAssociation(d *deployment, r made, _ associationProperties) error {
	_, err := d.ec2("DisassociateRouteTable", map[string]string{"AssociationId": r.ref})
	return err
}
