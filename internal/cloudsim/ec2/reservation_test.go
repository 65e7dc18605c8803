package ec2_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func (c client) reserve(subnet, cidr string) (types.SubnetCidrReservation, error) {
	out, err := c.CreateSubnetCidrReservation(c.t.Context(), &ec2.CreateSubnetCidrReservationInput{
		SubnetId: &subnet, Cidr: &cidr, ReservationType: types.SubnetCidrReservationTypeExplicit,
		Description: aws.String("for " + cidr), TagSpecifications: tagged("subnet-cidr-reservation"),
	})
	if err != nil {
		return types.SubnetCidrReservation{}, err
	}
	return *out.SubnetCidrReservation, nil
}

func (c client) reservations(subnet string, filters ...types.Filter) *ec2.GetSubnetCidrReservationsOutput {
	c.t.Helper()
	in := ec2.GetSubnetCidrReservationsInput{SubnetId: &subnet, Filters: filters}
	return must[*ec2.GetSubnetCidrReservationsOutput](c.t)(c.GetSubnetCidrReservations(c.t.Context(), &in))
}

func (c client) unreserve(id string) error {
	in := ec2.DeleteSubnetCidrReservationInput{SubnetCidrReservationId: &id}
	_, err := c.DeleteSubnetCidrReservation(c.t.Context(), &in)
	return err
}

// https://docs.aws.amazon.com/vpc/latest/userguide/subnet-cidr-reservation.html
func TestEC2GivesNoReservedAddressByItself(t *testing.T) {
	t.Parallel()
	c := one(t)
	subnet := c.subnet(c.vpc("10.0.0.0/16"), "10.0.1.0/28")
	made := must[types.SubnetCidrReservation](t)(c.reserve(subnet, "10.0.1.0/29"))
	address := func(given *string) string {
		t.Helper()
		return *c.face(ec2.CreateNetworkInterfaceInput{SubnetId: &subnet, PrivateIpAddress: given}).PrivateIpAddress
	}
	if got := address(nil); got != "10.0.1.8" {
		t.Errorf("the address is %s", got)
	}
	if got := address(aws.String("10.0.1.6")); got != "10.0.1.6" {
		t.Errorf("the explicit address is %s", got)
	}
	must[types.SubnetCidrReservation](t)(c.reserve(subnet, "10.0.1.8/29"))
	_, err := c.CreateNetworkInterface(t.Context(), &ec2.CreateNetworkInterfaceInput{SubnetId: &subnet})
	refused(t, err, "InsufficientFreeAddressesInSubnet")
	refused(t, c.unreserve(*made.SubnetCidrReservationId), "no error")
	if got := address(nil); got != "10.0.1.4" {
		t.Errorf("the address is %s without the reservation", got)
	}
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetSubnetCidrReservations.html
func TestReservationsAreListedByFamily(t *testing.T) {
	t.Parallel()
	c := one(t)
	vpc := c.dualVPC("10.0.0.0/16")
	six := "2600:1f18:0:100::/64"
	subnet := *must[*ec2.CreateSubnetOutput](t)(c.CreateSubnet(t.Context(), &ec2.CreateSubnetInput{
		VpcId: &vpc, CidrBlock: aws.String("10.0.1.0/24"), Ipv6CidrBlock: &six,
	})).Subnet.SubnetId
	four := must[types.SubnetCidrReservation](t)(c.reserve(subnet, "10.0.1.16/28"))
	must[types.SubnetCidrReservation](t)(c.reserve(subnet, "2600:1f18:0:100::/80"))
	got := c.reservations(subnet)
	if len(got.SubnetIpv4CidrReservations) != 1 || len(got.SubnetIpv6CidrReservations) != 1 {
		t.Fatalf("the reservations are %+v", got)
	}
	shown := got.SubnetIpv4CidrReservations[0]
	described := *shown.Cidr + " " + *shown.Description + " " + *shown.OwnerId
	if described != "10.0.1.16/28 for 10.0.1.16/28 "+marketing || len(shown.Tags) != 1 {
		t.Errorf("the reservation is %+v", shown)
	}
	for _, f := range []types.Filter{filter("reservationType", "prefix"), filter("subnet-id", "x"), filter("tag:k", "w")} {
		if got := c.reservations(subnet, f); len(got.SubnetIpv4CidrReservations) != 0 {
			t.Errorf("%s finds %+v", *f.Name, got)
		}
	}
	must[*ec2.DeleteSubnetOutput](t)(c.DeleteSubnet(t.Context(), &ec2.DeleteSubnetInput{SubnetId: &subnet}))
	refused(t, c.unreserve(*four.SubnetCidrReservationId), "InvalidSubnetCidrReservationID.NotFound")
}

func TestRefusedReservations(t *testing.T) {
	t.Parallel()
	c := one(t)
	subnet := c.subnet(c.vpc("10.0.0.0/16"), "10.0.1.0/24")
	must[types.SubnetCidrReservation](t)(c.reserve(subnet, "10.0.1.16/28"))
	for cidr, code := range map[string]string{
		"10.0.1.0/27": "InvalidParameterValue", // overlaps
		"10.0.2.0/28": "InvalidParameterValue", // is outside
		"10.0.0.0/23": "InvalidParameterValue", // is wider
		"10.0.1":      "InvalidParameterValue",
	} {
		_, err := c.reserve(subnet, cidr)
		refused(t, err, code)
	}
	_, err := c.reserve("subnet-0123456789abcdef0", "10.0.1.0/28")
	refused(t, err, "InvalidSubnetID.NotFound")
	in := ec2.CreateSubnetCidrReservationInput{SubnetId: &subnet, Cidr: aws.String("10.0.1.0/28"), ReservationType: "none"}
	_, err = c.CreateSubnetCidrReservation(t.Context(), &in)
	refused(t, err, "InvalidParameterValue")
	in.ReservationType, in.DryRun = types.SubnetCidrReservationTypePrefix, aws.Bool(true)
	_, err = c.CreateSubnetCidrReservation(t.Context(), &in)
	refused(t, err, "DryRunOperation")
	refused(t, c.unreserve("scr-0123456789abcdef0"), "InvalidSubnetCidrReservationID.NotFound")
}
