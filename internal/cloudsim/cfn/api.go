package cfn

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/iam"
)

// Stacks are the stacks that an API serves. Its methods aren't called concurrently.
type Stacks interface {
	All() []*Stack
	// Update deploys another source of one of the stacks. The status of the stack is the result that callers of the API
	// see; they don't see the error.
	Update(ctx context.Context, s *Stack, source Source) error
}

// List are stacks that nothing but an API changes.
type List []*Stack

// All returns the stacks.
func (l List) All() []*Stack { return l }

// Update updates the stack.
func (l List) Update(ctx context.Context, s *Stack, source Source) error {
	return s.Update(ctx, source)
}

// API serves the calls with which a person reads the template of a stack and updates the stack by a change set, as
// `aws cloudformation deploy` does. It creates and deletes no stacks.
type API struct {
	cloud  *cloudsim.Cloud
	stacks Stacks
	lock   sync.Locker
	sets   map[string]*changeSet // by ARN
}

const namespace = "http://cloudformation.amazonaws.com/doc/2010-05-15/"

// Serve adds the API to the cloud. The lock is held during each call, so that the stacks don't change otherwise.
func Serve(cloud *cloudsim.Cloud, lock sync.Locker, stacks Stacks) {
	a := &API{cloud: cloud, stacks: stacks, lock: lock, sets: map[string]*changeSet{}}
	cloud.Register("cloudformation", a, cloudsim.RefuseQuery(namespace))
}

// request is a call with its parameters.
type request struct {
	*http.Request
	*apicall.Call
}

// action is a call that the API serves. The parameters are those that it has here.
type action struct {
	parameters []string
	serve      func(a *API, r request) (result any, err error)
	mutates    bool
}

// actionOf returns the action of that name; one without a function if the API doesn't have it.
func actionOf(name string) action {
	switch name {
	case "CreateChangeSet":
		return action{[]string{
			"StackName", "ChangeSetName", "ChangeSetType", "Description", "TemplateBody", "TemplateURL", "Capabilities",
			"Capabilities.member", "Parameters", "Parameters.member", "Tags",
		}, (*API).createChangeSet, true}
	case "DescribeChangeSet":
		return action{[]string{"StackName", "ChangeSetName"}, (*API).describeChangeSet, false}
	case "DescribeStacks":
		return action{[]string{"StackName"}, (*API).describeStacks, false}
	case "ExecuteChangeSet":
		return action{[]string{"StackName", "ChangeSetName", "DisableRollback"}, (*API).executeChangeSet, true}
	case "GetTemplate":
		return action{[]string{"StackName"}, (*API).getTemplate, false}
	case "GetTemplateSummary":
		return action{[]string{"StackName"}, (*API).getTemplateSummary, false}
	}
	return action{}
}

// refuse returns an error of the API.
func refuse(status int, code, format string, values ...any) error {
	return &refusal{status: status, Type: code, Message: fmt.Sprintf(format, values...)}
}

// invalid returns the error that CloudFormation makes for most mistakes.
func invalid(format string, values ...any) error {
	return refuse(http.StatusBadRequest, "ValidationError", format, values...)
}

type answer struct {
	XMLName   xml.Name
	Result    any
	RequestID string `xml:"ResponseMetadata>RequestId"`
}

// list is encoded as an element also if it is empty, as CloudFormation's are.
type list[T any] struct {
	Members []T `xml:"member"`
}

// ServeHTTP serves one call.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.lock.Lock()
	defer a.lock.Unlock()
	call := apicall.From(r.Context())
	result, err := a.serve(request{r, call})
	if err != nil {
		refused := &refusal{http.StatusInternalServerError, "InternalFailure", err.Error()}
		errors.As(err, &refused)
		call.ErrorCode = refused.Type
		cloudsim.RefuseQuery(namespace)(w, cloudsim.Failure{
			Code: refused.Type, Message: refused.Message, Status: refused.status,
		})
		return
	}
	cloudsim.WriteXML(w, http.StatusOK, answer{xml.Name{Space: namespace, Local: call.Action + "Response"}, result,
		apicall.UUID()})
}

// serve returns CloudFormation's refusals as *refusal.
func (a *API) serve(r request) (result any, err error) {
	action := actionOf(r.Action)
	if action.serve == nil {
		return nil, refuse(http.StatusBadRequest, "InvalidAction", "Could not find operation %s for version 2010-05-15",
			r.Action)
	}
	r.Mutating = action.mutates
	for name := range r.Params {
		list, _, _ := strings.Cut(name, ".member.")
		known := slices.Contains(action.parameters, name) || slices.Contains(action.parameters, list+".member")
		if !known && name != "Action" && name != "Version" {
			return nil, invalid("The embedded cloud has no parameter %s of %s.", name, r.Action)
		}
	}
	if err := a.allow(r); err != nil {
		return nil, refuse(http.StatusForbidden, "AccessDenied", "%v", err)
	}
	return action.serve(a, r)
}

// allow asks the policies of the caller. A stack that is called by its name is stack/name/* to them:
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudformation.html
func (a *API) allow(r request) error {
	name := r.Params["StackName"]
	if c := a.sets[r.Params["ChangeSetName"]]; name == "" && c != nil {
		name = c.stack.made.stackID()
	}
	if name == "" {
		name = "*"
	}
	resource := name
	if !strings.HasPrefix(name, "arn:") {
		resource = "arn:aws:cloudformation:" + r.Region + ":" + r.Account + ":stack/" + name + "/*"
	}
	return a.cloud.IAM.Authorize(iam.Request{
		Principal: iam.Principal{Account: r.Account, ARN: r.ARN}, Owner: r.Account, Action: "cloudformation:" + r.Action,
		Resource: resource, Keys: r.Keys(),
	}, iam.Policy{})
}

// all returns the stacks of the caller's account and Region that exist.
func (a *API) all(r request) []*Stack {
	return slices.DeleteFunc(slices.Clone(a.stacks.All()), func(s *Stack) bool {
		return s.Account != r.Account || s.Region != r.Region || s.Status() == "" || s.Status() == DeleteComplete
	})
}

// stack returns the stack that the call names. The message is the one about a stack that doesn't exist.
func (a *API) stack(r request, message string) (*Stack, error) {
	name := r.Params["StackName"]
	if name == "" {
		return nil, isNull("stackName")
	}
	for _, s := range a.all(r) {
		if name == s.Name || name == s.made.stackID() {
			return s, nil
		}
	}
	return nil, invalid(message, name)
}

func isNull(parameter string) error {
	return invalid("1 validation error detected: Value null at '%s' failed to satisfy constraint: "+
		"Member must not be null", parameter)
}
