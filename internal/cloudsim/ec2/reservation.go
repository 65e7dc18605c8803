package ec2

import (
	"net/netip"
	"slices"
)

// reservation is a block of a subnet from which EC2 gives no address by itself:
// https://docs.aws.amazon.com/vpc/latest/userguide/subnet-cidr-reservation.html
type reservation struct {
	*cell
	id, kind, description string
	subnet                *subnet
	prefix                netip.Prefix
}

var typeReservation = resourceType{
	"scr-", "subnet-cidr-reservation", "InvalidSubnetCidrReservationID.NotFound",
	"InvalidSubnetCidrReservationID.Malformed", "subnet cidr reservation ID",
}

func createReservation(r *request) ([]node, error) {
	s, err := find(typeSubnet, r.params, "SubnetId", r.cell.subnets)
	if err != nil {
		return nil, err
	}
	v := &reservation{cell: r.cell, subnet: s, description: r.params["Description"]}
	if v.kind, err = r.must("ReservationType"); err != nil {
		return nil, err
	}
	if !oneOf(v.kind, "prefix explicit") {
		return nil, invalidValue("Value (%s) for parameter reservationType is invalid.", v.kind)
	}
	if v.prefix, err = r.reservedBlock(s); err != nil {
		return nil, err
	}
	tags, err := r.specified(typeReservation)
	if err != nil {
		return nil, err
	}
	v.id = r.newID(typeReservation.prefix)
	r.cell.reservations[v.id] = v
	r.cell.tag(v.id, tags)
	return []node{group("subnetCidrReservation", v.show()...)}, nil
}

// reservedBlock reads a block that lies inside the subnet and that no other reservation has a part of.
func (r *request) reservedBlock(s *subnet) (netip.Prefix, error) {
	text, err := r.must("Cidr")
	if err != nil {
		return netip.Prefix{}, err
	}
	block, err := netip.ParsePrefix(text)
	block = block.Masked()
	within := func(own netip.Prefix) bool { return own.Overlaps(block) && own.Bits() <= block.Bits() }
	if err != nil || !slices.ContainsFunc(s.prefixes(), within) {
		return block, invalidValue("The CIDR '%s' is not a CIDR block inside the subnet '%s'.", text, s.id)
	}
	for _, other := range s.reservations() {
		if other.prefix.Overlaps(block) {
			return block, invalidValue("The CIDR '%s' overlaps the subnet CIDR reservation '%s'.", block, other.id)
		}
	}
	return block, nil
}

func (s *subnet) reservations() []*reservation {
	if len(s.vpc.reservations) == 0 {
		return nil
	}
	return slices.DeleteFunc(sorted(s.vpc.reservations), func(v *reservation) bool { return v.subnet != s })
}

// isReserved reports whether EC2 gives the address to nothing by itself.
func (s *subnet) isReserved(a netip.Addr) bool {
	return slices.ContainsFunc(s.reservations(), func(v *reservation) bool { return v.prefix.Contains(a) })
}

func deleteReservation(r *request) ([]node, error) {
	v, err := find(typeReservation, r.params, "SubnetCidrReservationId", r.cell.reservations)
	if err != nil {
		return nil, err
	}
	answer := v.show()
	v.remove()
	return []node{group("deletedSubnetCidrReservation", answer...)}, nil
}

func (v *reservation) remove() {
	v.forget(v.id)
	delete(v.reservations, v.id)
}

// getReservations answers with a set for each family of addresses.
func getReservations(r *request) ([]node, error) {
	s, err := find(typeSubnet, r.params, "SubnetId", r.cell.subnets)
	if err != nil {
		return nil, err
	}
	var four, six []*reservation
	l := listing[*reservation]{
		most: 1000,
		id:   func(v *reservation) string { return v.id },
		filters: filters[*reservation]{
			"reservationType": one(func(v *reservation) string { return v.kind }),
			"subnet-id":       one(func(v *reservation) string { return v.subnet.id }),
		},
		show: func(v *reservation) []node {
			if v.prefix.Addr().Is4() {
				four = append(four, v)
			} else {
				six = append(six, v)
			}
			return nil
		},
	}
	nodes, err := describe(r, l, s.reservations())
	if err != nil {
		return nil, err
	}
	return append([]node{
		listOf("subnetIpv4CidrReservationSet", four, (*reservation).show),
		listOf("subnetIpv6CidrReservationSet", six, (*reservation).show),
	}, nodes[1:]...), nil // the rest is the token
}

func (v *reservation) show() []node {
	nodes := []node{
		leaf("subnetCidrReservationId", v.id), leaf("subnetId", v.subnet.id), leaf("cidr", v.prefix.String()),
		leaf("reservationType", v.kind), leaf("ownerId", v.account), v.taggedNode(v.id),
	}
	return append(nodes, optional("description", v.description)...)
}
