package observe_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
	"github.com/autopeer/autopeer/internal/observe"
)

func tables(_ context.Context, vpcs ...peering.VPCID) ([]peering.RouteTable, error) {
	var all []peering.RouteTable
	for _, v := range vpcs {
		all = append(all, peering.RouteTable{ID: "rtb-" + peering.RouteTableID(v), VPC: v})
	}
	return all, nil
}

func TestOnlyTheKindsOfTheReaderAreRead(t *testing.T) {
	t.Parallel()
	got, err := observe.Reader{Tables: tables}.Read(t.Context(), "vpc-1", "vpc-2")
	if err != nil {
		t.Fatal(err)
	}
	want := plan.Inventory{Tables: []peering.RouteTable{{ID: "rtb-vpc-1", VPC: "vpc-1"}, {ID: "rtb-vpc-2", VPC: "vpc-2"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Read() (-want +got):\n%s", diff)
	}
}

func TestWithoutVPCsNothingIsRead(t *testing.T) {
	t.Parallel()
	reader := observe.Reader{Tables: func(context.Context, ...peering.VPCID) ([]peering.RouteTable, error) {
		t.Error("route tables are read; a filter without values would list all of them")
		return nil, nil
	}}
	if got, err := reader.Read(t.Context()); err != nil || !cmp.Equal(got, plan.Inventory{}) {
		t.Errorf("Read() = %+v, %v, want nothing", got, err)
	}
}

func TestAFailedReadIsAnError(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	reader := observe.Reader{
		Tables: tables, Groups: func(context.Context, ...peering.VPCID) ([]peering.SecurityGroup, error) {
			return nil, refused
		},
	}
	if _, err := reader.Read(t.Context(), "vpc-1"); !errors.Is(err, refused) {
		t.Errorf("Read() error = %v, want %v", err, refused)
	}
}
