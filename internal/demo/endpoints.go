package demo

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/cfn"
	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/reach"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/local"
)

// publicServices has an address of each service on the internet: the prefix list of a gateway endpoint has those of its
// own service alone.
var publicServices = map[string]netip.Addr{
	"s3": netip.MustParseAddr("52.216.0.0"), "dynamodb": netip.MustParseAddr("52.94.0.0"),
	"ssm": netip.MustParseAddr("52.46.128.0"),
}

const (
	report    = "2026/q3.csv"
	denialAll = `{"Version":"2012-10-17","Statement":[{"Sid":"Nothing","Effect":"Deny","Principal":"*","Action":"*",` +
		`"Resource":"*"}]}`
)

// endpoints shows a subnet without a way out: S3 through a gateway endpoint, Session Manager through interface
// endpoints, and a peering connection beside them.
func endpoints(s *stage) {
	d := s.labStacks(oneInVirginia)
	finance := d.stacks[slices.IndexFunc(d.stacks, func(stack *cfn.Stack) bool {
		return stack.Outputs["BucketName"] != ""
	})]
	p := private{
		stage: s, departments: d, bucket: finance.Outputs["BucketName"],
		storage:  peering.EndpointID(finance.Physical("EndpointS3")),
		manager:  peering.EndpointID(finance.Physical("Endpointssm")),
		managers: peering.SecurityGroupID(finance.Physical("EndpointSecurityGroup")),
	}
	s.call(string(p.storage), "the endpoint of S3")
	s.call(string(p.manager), "the endpoint of Systems Manager")
	p.upload()
	p.byGateway()
	p.byPolicies()
	p.byInterface()
	p.besidePeering()
	s.must("the lab is deleted", p.empty())
}

// private is the lab with the private access of Finance.
type private struct {
	*stage
	departments
	bucket           string
	storage, manager peering.EndpointID
	managers         peering.SecurityGroupID
}

// client returns S3 with the credentials of the account, or of an instance whose calls take the way of its subnet.
func (p private) client(server peering.InstanceID) *s3.Client {
	key := string(p.finance.Cell.Account)
	if server != "" {
		var err error
		key, _, err = p.Cloud.InstanceCredentials(string(p.finance.Cell.Account),
			string(p.finance.Cell.Region), string(server))
		p.must("the credentials of the instance", err)
	}
	return s3.NewFromConfig(local.Config(p.Cloud, p.finance.Cell, key), func(o *s3.Options) {
		o.Retryer = aws.NopRetryer{}
	})
}

// upload puts the report as the account's administrator, to whom the bucket's policy doesn't apply.
func (p private) upload() {
	_, err := p.client("").PutObject(p.ctx, &s3.PutObjectInput{
		Bucket: &p.bucket, Key: aws.String(report), Body: strings.NewReader("q3;42\n"),
	})
	p.must("an administrator uploads the report", err)
	p.note("asks", "an administrator", "aws s3 cp q3.csv s3://"+p.bucket+"/"+report)
}

// empty deletes the report and then the lab: CloudFormation deletes no bucket with objects.
func (p private) empty() error {
	_, err := p.client("").DeleteObject(p.ctx, &s3.DeleteObjectInput{Bucket: &p.bucket, Key: aws.String(report)})
	return errors.Join(err, p.deleteLab(p.departments))
}

// fetch reads the report from the site's server. The answer of reach and that of S3 must agree.
func (p private) fetch(from lab.Site) reach.Answer {
	var refused error
	out, err := p.client(from.Server).GetObject(p.ctx, &s3.GetObjectInput{Bucket: &p.bucket, Key: aws.String(report)})
	switch {
	case err == nil:
		body, err := io.ReadAll(out.Body)
		p.must("read the report", errors.Join(err, out.Body.Close()))
		p.note("sees", "", fmt.Sprintf("%sServer fetches the report: %s", from.Name, strings.TrimSpace(string(body))))
	case errors.Is(err, cloudsim.ErrDropped):
		p.note("sees", "", from.Name+"Server fetches the report: no answer")
	default:
		refused = err
		p.note("sees", "", fmt.Sprintf("%sServer fetches the report: %s", from.Name, code(err)))
	}
	a := p.calls(from, "s3", func(peering.EndpointID) (string, string) {
		if refused == nil {
			return "", ""
		}
		return p.bucket, refused.Error()
	})
	if a.Reachable != (err == nil) {
		p.check("reach and S3 agree", false, fmt.Sprintf("reach answers %+v, S3 %v", a, err))
	}
	return a
}

func code(err error) string {
	var refusal smithy.APIError
	if errors.As(err, &refusal) {
		return refusal.ErrorCode()
	}
	return err.Error()
}

// calls prints whether the site's server reaches the service. The embedded EC2, which follows the call on its own, must
// agree.
func (p private) calls(from lab.Site, service string, policies ...reach.PolicyCheck) reach.Answer {
	a := p.snapshot().CheckService(reach.ServiceQuery{
		From: from.Server, Service: service, Public: publicServices[service], Policies: policies,
	})
	answer := "reachable"
	if !a.Reachable {
		answer = "unreachable: " + a.Blocker.Sentence
	}
	p.note("ping", "", fmt.Sprintf("%sServer → %s: %s", from.Name, service, answer))
	if via, stopped := p.Cloud.EC2.(*ec2.Service).Exit(string(from.Cell.Account), string(from.Server),
		service); a.Blocker.Code != reach.Policy && a.Reachable != (stopped == "") {
		p.check("reach and the embedded EC2 agree", false,
			fmt.Sprintf("reach answers %+v, EC2 %+v, stopped by %q", a, via, stopped))
	}
	return a
}

func (p private) byGateway() {
	p.asks(p.finance.Cell, func(by *lab.Person) string {
		by.UnrouteEndpoint(p.finance.Table, p.storage)
		return "modify-vpc-endpoint: " + string(p.storage) + " leaves " + string(p.finance.Table)
	})
	p.unreachable("without a route to the endpoint there is no answer", p.fetch(p.finance),
		"neither to its prefix list nor to the internet")
	p.asks(p.finance.Cell, func(by *lab.Person) string {
		by.RouteToEndpoint(p.finance.Table, p.storage)
		return "modify-vpc-endpoint: " + string(p.storage) + " routes in " + string(p.finance.Table)
	})
	p.reachable("with the route, FinanceServer fetches the report without an internet gateway", p.fetch(p.finance))
	p.unreachable("a service without an endpoint stays unreachable", p.calls(p.finance, "dynamodb"), "no route")
}

func (p private) byPolicies() {
	p.unreachable("the bucket's policy denies calls over the internet", p.fetch(p.marketing),
		"explicit deny in a resource-based policy")
	var before string
	p.asks(p.finance.Cell, func(by *lab.Person) string {
		before = by.EndpointPolicy(p.storage, denialAll)
		return "modify-vpc-endpoint: the policy of " + string(p.storage) + " denies everything"
	})
	p.unreachable("the endpoint's policy cuts FinanceServer off", p.fetch(p.finance),
		"explicit deny in a VPC endpoint policy")
	p.asks(p.finance.Cell, func(by *lab.Person) string {
		by.EndpointPolicy(p.storage, before)
		return "modify-vpc-endpoint: the policy of " + string(p.storage) + " allows the reports again"
	})
	p.reachable("and brings it back", p.fetch(p.finance))
}

func (p private) byInterface() {
	p.reachable("Session Manager reaches FinanceServer through interface endpoints", p.calls(p.finance, "ssm"))
	p.asks(p.finance.Cell, func(by *lab.Person) string {
		by.EndpointDNS(p.manager, false)
		return "modify-vpc-endpoint: private DNS of " + string(p.manager) + " off"
	})
	p.unreachable("without private DNS the service's name leads nowhere", p.calls(p.finance, "ssm"),
		"private DNS of "+string(p.manager)+" is off")
	p.asks(p.finance.Cell, func(by *lab.Person) string {
		by.EndpointDNS(p.manager, true)
		by.Expel(p.managers, "tcp", 443, 443, p.finance.VPC.Block.String())
		return "private DNS on again, and revoke-security-group-ingress tcp 443 in the endpoints' group"
	})
	p.unreachable("without its rule the endpoints' group stops the call", p.calls(p.finance, "ssm"), "admits no tcp 443")
	p.asks(p.finance.Cell, func(by *lab.Person) string {
		by.Admit(p.managers, "tcp", 443, 443, p.finance.VPC.Block.String())
		return "authorize-security-group-ingress tcp 443 in the endpoints' group"
	})
	p.reachable("with the rule it passes again", p.calls(p.finance, "ssm"))
	p.reachable("MarketingServer reaches Session Manager over its internet gateway", p.calls(p.marketing, "ssm"))
}

// besidePeering checks that autopeer leaves the endpoint's routes alone.
func (p private) besidePeering() {
	routes := func() (all []string) {
		by := p.Person(p.ctx, p.finance.Cell)
		all = by.EndpointRoutes(p.finance.Table)
		p.must("read the routes to endpoints", by.Err())
		return all
	}
	before := routes()
	p.deploy(lab.PingPolicy(p.marketing, p.finance, p.developer))
	pcx := p.request(p.marketing, p.finance, "")
	p.settle()
	p.reachable("Marketing reaches Finance", p.ping(p.marketing, p.finance))
	p.check("the endpoint's route is unchanged", slices.Equal(routes(), before) && len(before) == 1, fmt.Sprint(routes()))
	p.reachable("and FinanceServer still fetches the report", p.fetch(p.finance))
	p.takeBack(p.marketing, p.finance, pcx)
	p.check("the endpoint's route is unchanged after the deletion", slices.Equal(routes(), before), fmt.Sprint(routes()))
}
