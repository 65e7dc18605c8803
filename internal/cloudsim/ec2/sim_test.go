package ec2_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	sim "github.com/autopeer/autopeer/internal/cloudsim/ec2"
)

const (
	marketing = "111111111111"
	finance   = "222222222222"
	virginia  = "us-east-1"
	ireland   = "eu-west-1"
)

// transport sends all requests to the service in the name of one caller.
type transport struct {
	service *sim.Service
	caller  apicall.Caller
}

func (t transport) Do(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	call := &apicall.Call{Caller: t.caller}
	t.service.ServeHTTP(w, r.WithContext(apicall.With(r.Context(), call)))
	return w.Result(), nil
}

// client is the real SDK client of one account in one region, which never retries.
type client struct {
	*ec2.Client
	t *testing.T
}

func in(t *testing.T, s *sim.Service, account, region string) client {
	t.Helper()
	return client{ec2.New(ec2.Options{
		Region:       region,
		BaseEndpoint: aws.String("http://ec2.test"),
		Credentials:  credentials.NewStaticCredentialsProvider(account, "secret", ""),
		HTTPClient:   transport{s, apicall.Caller{Account: account, Region: region}},
		Retryer:      aws.NopRetryer{},
	}), t}
}

func one(t *testing.T) client { return in(t, sim.New(sim.Options{}), marketing, virginia) }

// must returns the answer of a call that has to succeed.
func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(answer T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
}

// refused fails the test unless the error has the code.
func refused(t *testing.T, err error, code string) {
	t.Helper()
	got := "no error"
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		got = e.ErrorCode()
	} else if err != nil {
		got = err.Error()
	}
	if got != code {
		t.Errorf("got %s (%v), want %s", got, err, code)
	}
}

func status(err error) int {
	var r interface{ HTTPStatusCode() int }
	if errors.As(err, &r) {
		return r.HTTPStatusCode()
	}
	return 0
}

func (c client) vpc(cidr string) string {
	c.t.Helper()
	out := must[*ec2.CreateVpcOutput](c.t)(c.CreateVpc(c.t.Context(), &ec2.CreateVpcInput{CidrBlock: &cidr}))
	return *out.Vpc.VpcId
}

func (c client) subnet(vpc, cidr string) string {
	c.t.Helper()
	out := must[*ec2.CreateSubnetOutput](c.t)(c.CreateSubnet(c.t.Context(), &ec2.CreateSubnetInput{
		VpcId: &vpc, CidrBlock: &cidr,
	}))
	return *out.Subnet.SubnetId
}

func (c client) group(vpc, name string) string {
	c.t.Helper()
	out := must[*ec2.CreateSecurityGroupOutput](c.t)(c.CreateSecurityGroup(c.t.Context(), &ec2.CreateSecurityGroupInput{
		VpcId: &vpc, GroupName: &name, Description: &name,
	}))
	return *out.GroupId
}

// mainTable returns the id of a VPC's main route table.
func (c client) mainTable(vpc string) string {
	c.t.Helper()
	out := must[*ec2.DescribeRouteTablesOutput](c.t)(c.DescribeRouteTables(c.t.Context(), &ec2.DescribeRouteTablesInput{
		Filters: []types.Filter{filter("vpc-id", vpc), filter("association.main", "true")},
	}))
	return *out.RouteTables[0].RouteTableId
}

func filter(name string, values ...string) types.Filter {
	return types.Filter{Name: &name, Values: values}
}

// request asks for a connection to a VPC of another account and region.
func (c client) request(vpc, peer, account, region string) (types.VpcPeeringConnection, error) {
	out, err := c.CreateVpcPeeringConnection(c.t.Context(), &ec2.CreateVpcPeeringConnectionInput{
		VpcId: &vpc, PeerVpcId: &peer, PeerOwnerId: &account, PeerRegion: &region,
	})
	if err != nil {
		return types.VpcPeeringConnection{}, err
	}
	return *out.VpcPeeringConnection, nil
}

func (c client) connection(id string) types.VpcPeeringConnection {
	c.t.Helper()
	out := must[*ec2.DescribeVpcPeeringConnectionsOutput](c.t)(c.lookUp(id))
	return out.VpcPeeringConnections[0]
}

func (c client) lookUp(id string) (*ec2.DescribeVpcPeeringConnectionsOutput, error) {
	return c.DescribeVpcPeeringConnections(c.t.Context(), &ec2.DescribeVpcPeeringConnectionsInput{
		VpcPeeringConnectionIds: []string{id},
	})
}

func (c client) state(id string) types.VpcPeeringConnectionStateReasonCode {
	c.t.Helper()
	return c.connection(id).Status.Code
}

func (c client) accept(id string) error {
	_, err := c.AcceptVpcPeeringConnection(c.t.Context(), &ec2.AcceptVpcPeeringConnectionInput{
		VpcPeeringConnectionId: &id,
	})
	return err
}

func (c client) reject(id string) error {
	_, err := c.RejectVpcPeeringConnection(c.t.Context(), &ec2.RejectVpcPeeringConnectionInput{
		VpcPeeringConnectionId: &id,
	})
	return err
}

func (c client) remove(id string) error {
	_, err := c.DeleteVpcPeeringConnection(c.t.Context(), &ec2.DeleteVpcPeeringConnectionInput{
		VpcPeeringConnectionId: &id,
	})
	return err
}

func (c client) route(table, destination, connection string) error {
	_, err := c.CreateRoute(c.t.Context(), &ec2.CreateRouteInput{
		RouteTableId: &table, DestinationCidrBlock: &destination, VpcPeeringConnectionId: &connection,
	})
	return err
}

// pair is a VPC of marketing and one of finance, and the connection between them.
type pair struct {
	service          *sim.Service
	asking, deciding client
	requester        string
	accepter         string
	id               string
}

// newPair asks for a connection between two accounts, in one region or across two.
func newPair(t *testing.T, o sim.Options, region string) pair {
	t.Helper()
	return newPairOf(t, o, region, "172.31.0.0/16")
}

// newPairOf has another block for the accepter's VPC: one of the requester's range can get further blocks that overlap.
func newPairOf(t *testing.T, o sim.Options, region, accepter string) pair {
	t.Helper()
	s := sim.New(o)
	p := pair{service: s, asking: in(t, s, marketing, virginia), deciding: in(t, s, finance, region)}
	p.requester, p.accepter = p.asking.vpc("10.10.0.0/16"), p.deciding.vpc(accepter)
	c := must[types.VpcPeeringConnection](t)(p.asking.request(p.requester, p.accepter, finance, region))
	p.id = *c.VpcPeeringConnectionId
	return p
}

func (p pair) accepted(t *testing.T) pair {
	t.Helper()
	if err := p.deciding.accept(p.id); err != nil {
		t.Fatal(err)
	}
	return p
}

// wait lets fake time pass; the test runs in a synctest bubble.
func wait(d time.Duration) { time.Sleep(d) }
