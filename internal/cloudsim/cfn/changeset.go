package cfn

import (
	"cmp"
	"context"
	"encoding/xml"
	"io"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
)

const (
	noStack     = "Stack [%s] does not exist"
	noChanges   = "The submitted information didn't contain changes. Submit different information to create a change set."
	largestBody = 51200   // bytes of a template in a call
	largestFile = 1 << 20 // bytes of a template in a bucket
)

// changeSet is another template of a stack, to be deployed by ExecuteChangeSet.
type changeSet struct {
	id, name, description string
	stack                 *Stack
	former                []byte // the template of the stack when the set was created
	source                Source
	template              template
	parameters            map[string]string
	capabilities          []string
	created               time.Time
	changes               []changeXML
	executed              string // the status of the execution; empty before one
}

type changeXML struct {
	Type               string
	Action             string `xml:"ResourceChange>Action"`
	LogicalResourceID  string `xml:"ResourceChange>LogicalResourceId"`
	PhysicalResourceID string `xml:"ResourceChange>PhysicalResourceId,omitempty"`
	ResourceType       string `xml:"ResourceChange>ResourceType"`
}

// state returns the status of the set, the reason of a failure, and the status of the execution.
func (c *changeSet) state() (status, reason, execution string) {
	switch {
	case sameJSON(c.former, c.source.Template):
		return "FAILED", noChanges, "UNAVAILABLE"
	case c.executed != "":
		return "CREATE_COMPLETE", "", c.executed
	case !sameJSON(c.former, c.stack.made.Template):
		return "CREATE_COMPLETE", "", "OBSOLETE"
	}
	return "CREATE_COMPLETE", "", "AVAILABLE"
}

var changeSetName = regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]{0,127}$`)

func (a *API) createChangeSet(r request) (any, error) {
	name := r.Params["ChangeSetName"]
	if !changeSetName.MatchString(name) {
		return nil, invalid("1 validation error detected: Value '%s' at 'changeSetName' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*", name)
	}
	if kind := r.Params["ChangeSetType"]; kind != "" && kind != "UPDATE" {
		return nil, invalid("The embedded cloud has no change sets of the type %s.", kind)
	}
	s, err := a.stack(r, noStack)
	if err != nil {
		return nil, err
	}
	former := a.named(s, name)
	if former != nil && former.executed == "" {
		return nil, refuse(http.StatusBadRequest, "AlreadyExistsException", "ChangeSet %s already exists", name)
	}
	if !slices.Contains(updatable, s.Status()) {
		return nil, invalid("Stack:%s is in %s state and can not be updated.", s.made.stackID(), s.Status())
	}
	c := &changeSet{
		id: s.made.arn("cloudformation", "changeSet/"+name+"/"+apicall.UUID()), name: name, created: time.Now(),
		description: r.Params["Description"], stack: s, former: s.made.Template, source: s.made.Source,
	}
	if err := a.fill(r, c); err != nil {
		return nil, err
	}
	if former != nil { // https://github.com/elias5000/clouds-aws/issues/9 reuses the name of an executed one
		delete(a.sets, former.id)
	}
	a.sets[c.id] = c
	return struct {
		XMLName xml.Name `xml:"CreateChangeSetResult"`
		ID      string   `xml:"Id"`
		StackID string   `xml:"StackId"`
	}{ID: c.id, StackID: s.made.stackID()}, nil
}

// fill reads the template of the change set and checks it.
func (a *API) fill(r request, c *changeSet) error {
	var err error
	if c.source.Template, err = a.templateOf(r); err != nil {
		return err
	}
	if c.template, err = readTemplate(c.source.Template); err != nil {
		return err
	}
	if err := checkParameters(r, c); err != nil {
		return err
	}
	c.capabilities = members(r.Params, "Capabilities.member.%")
	for _, needed := range c.template.capabilities() {
		// who acknowledges names acknowledges the rest
		if !slices.Contains(c.capabilities, needed) && !slices.Contains(c.capabilities, "CAPABILITY_NAMED_IAM") {
			return refuse(http.StatusBadRequest, "InsufficientCapabilitiesException", "Requires capabilities : [%s]", needed)
		}
	}
	d := c.stack.made
	d.ctx = context.WithoutCancel(r.Context())
	planned, err := d.plan(c.source)
	if err != nil {
		return invalid("%v", err)
	}
	c.parameters, c.changes = planned.target.parameters, planned.list()
	return nil
}

// checkParameters lets a person keep the values of parameters, because here they always have their defaults.
func checkParameters(r request, c *changeSet) error {
	for i, key := range members(r.Params, "Parameters.member.%.ParameterKey") {
		at := "Parameters.member." + strconv.Itoa(i+1) + "."
		_, exists := c.template.Parameters[key]
		switch {
		case !exists:
			return invalid("Parameters: [%s] do not exist in the template", key)
		case r.Params[at+"UsePreviousValue"] != "true":
			return invalid("The embedded cloud has no values of parameters, such as %s.", key)
		}
	}
	return nil
}

// members returns the values of a list's parameters. The % of the pattern stands for their numbers.
func members(params map[string]string, pattern string) (values []string) {
	for i := 1; ; i++ {
		value, found := params[strings.ReplaceAll(pattern, "%", strconv.Itoa(i))]
		if !found {
			return values
		}
		values = append(values, value)
	}
}

// templateOf returns the template in the call, or the one in a bucket.
func (a *API) templateOf(r request) ([]byte, error) {
	body, address := r.Params["TemplateBody"], r.Params["TemplateURL"]
	switch {
	case (body == "") == (address == ""):
		return nil, invalid("Either Template URL or Template Body must be specified.")
	case len(body) > largestBody:
		return nil, invalid("1 validation error detected: Value at 'templateBody' failed to satisfy constraint: "+
			"Member must have length less than or equal to %d", largestBody)
	case body != "":
		return []byte(body), nil
	}
	return a.download(r, address)
}

// s3Messages are messages that the storage leaves out:
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
var s3Messages = map[string]string{"NoSuchKey": "The specified key does not exist."}

// download reads an object with the permissions of the caller, as CloudFormation does.
func (a *API) download(r request, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host != r.Host && !strings.HasSuffix(u.Host, ".amazonaws.com") {
		return nil, invalid("TemplateURL must be a supported URL.")
	}
	u.Scheme = "https"
	get, err := http.NewRequestWithContext(r.Context(), http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, invalid("TemplateURL must be a supported URL.")
	}
	get.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+r.AccessKeyID+"/20260101/"+r.Region+
		"/s3/aws4_request, SignedHeaders=host, Signature=0")
	response, err := a.cloud.RoundTrip(get)
	if err != nil {
		return nil, invalid("S3 error: %v", err)
	}
	defer func() { _ = response.Body.Close() }() // it is in memory
	data, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return nil, invalid("S3 error: %v", err)
	case response.StatusCode != http.StatusOK:
		var answer element
		_ = xml.Unmarshal(data, &answer) // the status alone will do
		return nil, invalid("S3 error: %s\nFor more information check "+
			"http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html",
			cmp.Or(answer.first("Message"), s3Messages[answer.first("Code")], response.Status))
	case len(data) > largestFile:
		return nil, invalid("Template may not exceed %d bytes in size.", largestFile)
	}
	return data, nil
}

// list returns the resources that the change adds, modifies and removes. It doesn't foresee which are replaced.
func (c *change) list() (all []changeXML) {
	for _, id := range slices.Sorted(maps.Keys(c.template.Resources)) {
		next := c.template.Resources[id]
		before, found := c.former.physicals[id]
		change := changeXML{"Resource", "Modify", id, before.ref, next.Type}
		if !found {
			change.Action = "Add"
		}
		if !found || !reflect.DeepEqual(before.resource, next) {
			all = append(all, change)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.former.physicals)) {
		if before := c.former.physicals[id]; c.template.Resources[id].Type == "" {
			all = append(all, changeXML{"Resource", "Remove", id, before.ref, before.Type})
		}
	}
	return all
}

// named returns the stack's change set of that name or ARN; nil if there is none.
func (a *API) named(s *Stack, name string) *changeSet {
	for _, c := range a.sets {
		if c.stack == s && (c.name == name || c.id == name) {
			return c
		}
	}
	return nil
}

// changeSet returns the set that the call names.
func (a *API) changeSet(r request) (*changeSet, error) {
	name := r.Params["ChangeSetName"]
	if name == "" {
		return nil, isNull("changeSetName")
	}
	missing := refuse(http.StatusNotFound, "ChangeSetNotFound", "ChangeSet [%s] does not exist", name)
	if r.Params["StackName"] == "" && strings.HasPrefix(name, "arn:") {
		c := a.sets[name]
		if c == nil || c.stack.Account != r.Account || c.stack.Region != r.Region {
			return nil, missing
		}
		return c, nil
	}
	s, err := a.stack(r, noStack)
	if err != nil {
		return nil, err
	}
	if c := a.named(s, name); c != nil {
		return c, nil
	}
	return nil, missing
}

func (a *API) describeChangeSet(r request) (any, error) {
	c, err := a.changeSet(r)
	if err != nil {
		return nil, err
	}
	status, reason, execution := c.state()
	return struct {
		XMLName         xml.Name `xml:"DescribeChangeSetResult"`
		ChangeSetName   string
		ChangeSetID     string `xml:"ChangeSetId"`
		StackID         string `xml:"StackId"`
		StackName       string
		Description     string `xml:",omitempty"`
		Parameters      list[parameterXML]
		CreationTime    string
		ExecutionStatus string
		Status          string
		StatusReason    string `xml:",omitempty"`
		Capabilities    list[string]
		Changes         list[changeXML]
	}{
		ChangeSetName: c.name, ChangeSetID: c.id, StackID: c.stack.made.stackID(), StackName: c.stack.Name,
		Description: c.description, Parameters: c.template.listed(c.parameters), CreationTime: timestamp(c.created),
		ExecutionStatus: execution, Status: status, StatusReason: reason, Capabilities: list[string]{c.capabilities},
		Changes: list[changeXML]{c.changes},
	}, nil
}

// executeChangeSet answers when the update has ended. CloudFormation answers when it begins. The other change sets of
// the stack are deleted:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_ExecuteChangeSet.html
func (a *API) executeChangeSet(r request) (any, error) {
	if v := r.Params["DisableRollback"]; v != "" && v != "false" {
		return nil, invalid("The embedded cloud rolls back every update that fails.")
	}
	c, err := a.changeSet(r)
	if err != nil {
		return nil, err
	}
	status, _, execution := c.state()
	switch {
	case status != "CREATE_COMPLETE":
		return nil, refuse(http.StatusBadRequest, "InvalidChangeSetStatus",
			"ChangeSet [%s] cannot be executed in its current status of [%s]", c.id, status)
	case execution != "AVAILABLE":
		return nil, refuse(http.StatusBadRequest, "InvalidChangeSetStatus",
			"ChangeSet [%s] cannot be executed in its current execution status of [%s]", c.id, execution)
	}
	c.executed = "EXECUTE_COMPLETE"
	if err := a.stacks.Update(context.WithoutCancel(r.Context()), c.stack, c.source); err != nil {
		c.executed = "EXECUTE_FAILED"
	}
	maps.DeleteFunc(a.sets, func(_ string, other *changeSet) bool { return other.stack == c.stack && other != c })
	return struct {
		XMLName xml.Name `xml:"ExecuteChangeSetResult"`
	}{}, nil
}
