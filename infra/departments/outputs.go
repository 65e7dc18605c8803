package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/template"

	"github.com/autopeer/autopeer/internal/policyfile"
)

// outputs has the outputs of each stack of the lab by the department's name, as `cdk deploy --outputs-file` writes
// them.
type outputs map[string]stackOutputs

type stackOutputs struct {
	Account       string
	Region        string
	VPC           string `json:"VpcId"`
	Block         string `json:"CidrBlock"`
	ServerID      string `json:"ServerId"`
	ServerAddress string
	BucketName    string
}

// readOutputs reads the file. Stacks that aren't the lab's are left out.
func readOutputs(file string) (outputs, error) {
	data, err := os.ReadFile(file) // the operator names it
	if err != nil {
		return nil, fmt.Errorf("read the outputs of the lab: %w", err)
	}
	var stacks map[string]stackOutputs
	if err := json.Unmarshal(data, &stacks); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	lab := outputs{}
	for _, name := range slices.Sorted(maps.Keys(stacks)) {
		if i := strings.LastIndex(name, "-lab-"); i >= 0 {
			lab[name[i+len("-lab-"):]] = stacks[name]
		}
	}
	return lab, nil
}

// check fails unless the stacks of all departments exist.
func (o outputs) check() error {
	for _, d := range standard {
		if o[d.name].VPC == "" {
			return fmt.Errorf("the outputs have no VPC of %s; deploy all stacks of the lab: make deploy-lab", d.name)
		}
	}
	return nil
}

var policyText = template.Must(template.New("policy").Parse(`# The departments of the lab, as its stacks made them.
version: 1
departments:
{{- range $name, $s := . }}
  {{ $name }}:
    - { account: "{{ $s.Account }}", region: {{ $s.Region }}, vpc: {{ $s.VPC }}, cidrs: [{{ $s.Block }}] }
{{- end }}
peerings:
  - between: [marketing, finance]
    allow:
      - { from: marketing, to: finance, groups: { tags: { Role: finance-server } }, protocol: icmp }
  - between: [developer, finance]
    allow:
      - { from: developer, to: finance, groups: { tags: { Role: finance-server } }, protocol: icmp }
`))

// writePolicy writes the policy file of the lab: Marketing and Developer may ping Finance's server.
func (o outputs) writePolicy(out io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	var text strings.Builder
	if err := policyText.Execute(&text, o); err != nil {
		return err
	}
	if _, _, err := policyfile.Check("departments.yaml", []byte(text.String())); err != nil {
		return err
	}
	_, err := io.WriteString(out, text.String())
	return err
}
