// Package ssm implements the part of AWS Systems Manager that the embedded cloud needs: the public parameters with
// images, the list of managed instances, and Session Manager without its data channel.
package ssm

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/awsjson"
	"github.com/autopeer/autopeer/internal/cloudsim/iam"
)

// Network is the EC2 whose instances are managed.
type Network interface {
	Hosts(account, region string) []apicall.Host
	// Exit returns the VPC endpoint of an instance's call to a service, or, in stoppedBy, what stops the call.
	// An instance that the account doesn't have stops it with NoInstance.
	Exit(account, instanceID, service string) (via apicall.Endpoint, stoppedBy string)
	// PublicImage returns the id of the image in a public parameter; empty if there is none.
	PublicImage(region, parameter string) string
}

// NoInstance is the obstacle of a call by an instance that doesn't exist.
const NoInstance = "no-instance"

// Service is an http.Handler that serves all accounts and Regions.
type Service struct {
	awsjson.Service
	network Network
	iam     *iam.Registry
}

// New returns a Service. A nil network has no instances and no images.
func New(network Network, roles *iam.Registry) *Service {
	s := &Service{network: network, iam: roles}
	s.Service = awsjson.Service{Version: "1.1", Allow: s.allow, Actions: map[string]awsjson.Action{
		"GetParameter":                awsjson.Read(s.getParameter),
		"GetParameters":               awsjson.Read(s.getParameters),
		"DescribeInstanceInformation": awsjson.Read(s.describeInstances),
		"StartSession":                awsjson.Write(s.startSession),
		"TerminateSession":            awsjson.Write(s.terminateSession),
	}}
	return s
}

// allow decides on the instance of a session, on the first parameter, or on all resources.
func (s *Service) allow(ctx context.Context, action string, body []byte) error {
	call := apicall.From(ctx)
	var in struct {
		Target, Name string
		Names        []string
	}
	_ = json.Unmarshal(body, &in) // the action itself reports a mistake
	resource := "*"
	switch name := cmp.Or(in.Name, strings.Join(in.Names[:min(1, len(in.Names))], "")); {
	case action == "StartSession":
		resource = "arn:aws:ec2:" + call.Region + ":" + call.Account + ":instance/" + in.Target
	case name != "":
		resource = parameterARN(call.Region, name)
	}
	request := iam.Request{
		Principal: iam.Principal{Account: call.Account, ARN: call.ARN}, Owner: call.Account, Action: "ssm:" + action,
		Resource: resource, Keys: call.Keys(),
	}
	err := s.iam.AuthorizeAtEndpoint(request, call.Endpoint.Policy)
	if err == nil {
		err = s.iam.Authorize(request, iam.Policy{})
	}
	if err != nil {
		return &awsjson.Error{Code: "AccessDeniedException", Message: err.Error(), Status: http.StatusBadRequest}
	}
	return nil
}

type parameter struct {
	Name     string
	Type     string
	Value    string
	Version  int
	ARN      string
	DataType string
}

// parameterARN returns the ARN of a public parameter, which has no account.
func parameterARN(region, name string) string { return "arn:aws:ssm:" + region + "::parameter" + name }

func (s *Service) find(caller apicall.Caller, name string) (parameter, bool) {
	if s.network == nil {
		return parameter{}, false
	}
	id := s.network.PublicImage(caller.Region, name)
	return parameter{name, "String", id, 1, parameterARN(caller.Region, name), "aws:ec2:image"}, id != ""
}

func (s *Service) getParameter(ctx context.Context, in struct{ Name string }) (any, error) {
	p, found := s.find(apicall.From(ctx).Caller, in.Name)
	if !found {
		return nil, &awsjson.Error{Code: "ParameterNotFound", Message: "Parameter " + in.Name + " not found."}
	}
	return struct{ Parameter parameter }{p}, nil
}

func (s *Service) getParameters(ctx context.Context, in struct{ Names []string }) (any, error) {
	out := struct {
		Parameters        []parameter
		InvalidParameters []string
	}{[]parameter{}, []string{}}
	for _, name := range in.Names {
		if p, found := s.find(apicall.From(ctx).Caller, name); found {
			out.Parameters = append(out.Parameters, p)
		} else {
			out.InvalidParameters = append(out.InvalidParameters, name)
		}
	}
	return out, nil
}

type instance struct {
	InstanceID   string `json:"InstanceId"`
	PingStatus   string
	PlatformType string
	PlatformName string
	ResourceType string
	AgentVersion string
}

type describeInput struct {
	Filters []struct {
		Key    string
		Values []string
	}
}

// describeInstances lists the managed instances. An instance whose agent can't reach Systems Manager isn't listed;
// Systems Manager would list it as lost if it was managed before.
func (s *Service) describeInstances(ctx context.Context, in describeInput) (any, error) {
	all := []instance{}
	for _, h := range s.managed(apicall.From(ctx).Caller) {
		all = append(all, instance{h.Instance, "Online", "Linux", "Amazon Linux", "EC2Instance", "3.3.3050.0"})
	}
	for _, f := range in.Filters {
		if f.Key != "InstanceIds" {
			return nil, &awsjson.Error{Code: "InvalidFilterKey", Message: "The embedded cloud has no filter " + f.Key + "."}
		}
		all = slices.DeleteFunc(all, func(i instance) bool { return !slices.Contains(f.Values, i.InstanceID) })
	}
	return struct{ InstanceInformationList []instance }{all}, nil
}

// managed returns the caller's instances whose agent is connected.
func (s *Service) managed(caller apicall.Caller) []apicall.Host {
	if s.network == nil {
		return nil
	}
	return slices.DeleteFunc(s.network.Hosts(caller.Account, caller.Region), func(h apicall.Host) bool {
		return !s.isConnected(caller, h)
	})
}

// agentCalls are the calls without which an agent isn't connected, by service:
// https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
var agentCalls = [][2]string{{"ssm", "UpdateInstanceInformation"}, {"ssmmessages", "CreateControlChannel"},
	{"ssmmessages", "OpenControlChannel"}}

// isConnected reports whether the instance's role and its network let its agent call Systems Manager.
func (s *Service) isConnected(caller apicall.Caller, h apicall.Host) bool {
	role := s.iam.RoleOfProfile(h.Profile)
	if role == "" {
		return false
	}
	principal := iam.Principal{
		Account: caller.Account, ARN: "arn:aws:sts::" + caller.Account + ":assumed-role/" + role + "/" + h.Instance,
	}
	for _, call := range agentCalls {
		via, stopped := s.network.Exit(caller.Account, h.Instance, call[0])
		if stopped != "" {
			return false
		}
		request := iam.Request{
			Principal: principal, Owner: caller.Account, Action: call[0] + ":" + call[1], Resource: "*",
			Keys: (&apicall.Call{Endpoint: via}).Keys(),
		}
		if s.iam.AuthorizeAtEndpoint(request, via.Policy) != nil || s.iam.Authorize(request, iam.Policy{}) != nil {
			return false
		}
	}
	return true
}

type sessionInput struct {
	Target       string
	DocumentName string
	Reason       string
	Parameters   map[string][]string
}

// startSession opens a session whose stream leads nowhere: there is no agent behind an instance of the embedded cloud.
func (s *Service) startSession(ctx context.Context, in sessionInput) (any, error) {
	call := apicall.From(ctx)
	isTarget := func(h apicall.Host) bool { return h.Instance == in.Target }
	if !slices.ContainsFunc(s.managed(call.Caller), isTarget) {
		return nil, &awsjson.Error{Code: "TargetNotConnected", Message: in.Target + " is not connected."}
	}
	id := cmp.Or(call.ARN[strings.LastIndex(call.ARN, "/")+1:], "session") + "-" + apicall.UUID()[:17]
	stream := "wss://ssmmessages." + call.Region + ".amazonaws.com/v1/data-channel/" + id + "?role=publish_subscribe"
	return struct {
		SessionID  string `json:"SessionId"`
		TokenValue string
		StreamURL  string `json:"StreamUrl"`
	}{id, apicall.UUID(), stream}, nil
}

type terminated struct {
	SessionID string `json:"SessionId"`
}

func (s *Service) terminateSession(_ context.Context, in terminated) (any, error) { return in, nil }
