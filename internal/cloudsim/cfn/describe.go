package cfn

import (
	"encoding/xml"
	"maps"
	"slices"
	"strings"
	"time"
)

const noStackWithID = "Stack with id %s does not exist"

type parameterXML struct {
	ParameterKey, ParameterValue string
	ResolvedValue                string `xml:",omitempty"` // of a parameter of Systems Manager
}

type outputXML struct {
	OutputKey, OutputValue string
	Description            string `xml:",omitempty"`
}

type stackXML struct {
	StackID         string `xml:"StackId"`
	StackName       string
	Description     string `xml:",omitempty"`
	Parameters      list[parameterXML]
	CreationTime    string
	LastUpdatedTime string `xml:",omitempty"`
	StackStatus     Status
	DisableRollback bool
	Capabilities    list[string]
	Outputs         list[outputXML]
}

// timestamp has the form of CloudFormation's.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// template can't fail: the stack was deployed from its template.
func (s *Stack) template() template {
	t, _ := parseTemplate(s.made.Template)
	return t
}

// listed returns the parameters with their values.
func (t template) listed(values map[string]string) (all list[parameterXML]) {
	for _, key := range slices.Sorted(maps.Keys(t.Parameters)) {
		p := parameterXML{ParameterKey: key, ParameterValue: t.Parameters[key].Default}
		if strings.HasPrefix(t.Parameters[key].Type, "AWS::SSM::") {
			p.ResolvedValue = values[key]
		}
		all.Members = append(all.Members, p)
	}
	return all
}

func (a *API) describeStacks(r request) (any, error) {
	stacks := a.all(r)
	if r.Params["StackName"] != "" {
		s, err := a.stack(r, noStackWithID)
		if err != nil {
			return nil, err
		}
		stacks = []*Stack{s}
	}
	out := struct {
		XMLName xml.Name `xml:"DescribeStacksResult"`
		Stacks  list[stackXML]
	}{}
	for _, s := range stacks {
		out.Stacks.Members = append(out.Stacks.Members, s.describe())
	}
	return out, nil
}

func (s *Stack) describe() stackXML {
	t := s.template()
	x := stackXML{
		StackID: s.made.stackID(), StackName: s.Name, Description: t.Description, Parameters: t.listed(s.made.parameters),
		CreationTime: timestamp(s.made.created), StackStatus: s.Status(), Capabilities: list[string]{t.capabilities()},
	}
	if !s.made.updated.IsZero() {
		x.LastUpdatedTime = timestamp(s.made.updated)
	}
	for _, key := range slices.Sorted(maps.Keys(s.Outputs)) {
		x.Outputs.Members = append(x.Outputs.Members, outputXML{key, s.Outputs[key], t.Outputs[key].Description})
	}
	return x
}

func (a *API) getTemplate(r request) (any, error) {
	s, err := a.stack(r, noStackWithID)
	if err != nil {
		return nil, err
	}
	return struct {
		XMLName         xml.Name `xml:"GetTemplateResult"`
		TemplateBody    string
		StagesAvailable list[string]
	}{TemplateBody: string(s.made.Template), StagesAvailable: list[string]{[]string{"Original", "Processed"}}}, nil
}

type declarationXML struct {
	ParameterKey, DefaultValue, ParameterType string
	NoEcho                                    bool
	Description                               string `xml:",omitempty"`
}

func (a *API) getTemplateSummary(r request) (any, error) {
	s, err := a.stack(r, noStackWithID)
	if err != nil {
		return nil, err
	}
	t := s.template()
	out := struct {
		XMLName       xml.Name `xml:"GetTemplateSummaryResult"`
		Parameters    list[declarationXML]
		Description   string `xml:",omitempty"`
		Capabilities  list[string]
		ResourceTypes list[string]
		Version       string `xml:",omitempty"`
		Metadata      string `xml:",omitempty"`
	}{
		Description: t.Description, Capabilities: list[string]{t.capabilities()}, Version: t.AWSTemplateFormatVersion,
		Metadata: string(t.Metadata),
	}
	for _, key := range slices.Sorted(maps.Keys(t.Parameters)) {
		p := t.Parameters[key]
		out.Parameters.Members = append(out.Parameters.Members,
			declarationXML{ParameterKey: key, DefaultValue: p.Default, ParameterType: p.Type, Description: p.Description})
	}
	for _, resource := range t.Resources {
		out.ResourceTypes.Members = append(out.ResourceTypes.Members, resource.Type)
	}
	slices.Sort(out.ResourceTypes.Members)
	return out, nil
}
