package cfn

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/autopeer/autopeer/internal/cloudsim/lambda"
)

type inlinePolicy struct {
	PolicyName     string
	PolicyDocument json.RawMessage
}

type roleProperties struct {
	RoleName                 string
	Description              string
	AssumeRolePolicyDocument json.RawMessage
	Policies                 []inlinePolicy
	ManagedPolicyArns        []string
	PermissionsBoundary      string // of the account's own, which the embedded cloud doesn't have
}

func createRole(d *deployment, id string, p roleProperties) (made, error) {
	if p.PermissionsBoundary != "" {
		return made{}, errors.New("the embedded cloud has no permissions boundaries")
	}
	name := d.physical(p.RoleName, id)
	if err := d.putRole(name, p); err != nil {
		return made{}, err
	}
	return made{name, map[string]string{"Arn": d.global("role/" + name), "RoleId": "AROA" + name}}, nil
}

func (d *deployment) putRole(name string, p roleProperties) error {
	var documents []string
	for _, policy := range p.Policies {
		documents = append(documents, string(policy.PolicyDocument))
	}
	for _, arn := range p.ManagedPolicyArns {
		document, found := d.policies[arn]
		if !found {
			return fmt.Errorf("there is no managed policy %s in the stack", arn)
		}
		documents = append(documents, document)
	}
	if err := d.cloud.IAM.PutRole(d.Source.Account, name, string(p.AssumeRolePolicyDocument), documents...); err != nil {
		return err
	}
	d.roles[name] = p
	return nil
}

func removeRole(d *deployment, r made, _ roleProperties) error {
	delete(d.roles, r.ref)
	d.cloud.IAM.DeleteRole(d.Source.Account, r.ref)
	return nil
}

type managedPolicyProperties struct {
	ManagedPolicyName string
	Description       string
	PolicyDocument    json.RawMessage
}

// createManagedPolicy also gives the document to the roles that have the policy already.
func createManagedPolicy(d *deployment, id string, p managedPolicyProperties) (made, error) {
	arn := d.global("policy/" + d.physical(p.ManagedPolicyName, id))
	d.policies[arn] = string(p.PolicyDocument)
	for name, role := range d.roles {
		if slices.Contains(role.ManagedPolicyArns, arn) {
			if err := d.putRole(name, role); err != nil {
				return made{}, err
			}
		}
	}
	return made{arn, map[string]string{"PolicyArn": arn}}, nil
}

func removeManagedPolicy(d *deployment, r made, _ managedPolicyProperties) error {
	delete(d.policies, r.ref)
	return nil
}

// global is the ARN of a thing of IAM, which has no region.
func (d *deployment) global(resource string) string {
	return "arn:aws:iam::" + d.Source.Account + ":" + resource
}

// takeOn lets the function take on its role: in each environment for the calls that it makes, and for its log.
// Lambda looks at the trust policy when the function is made.
func (d *deployment) takeOn(c *lambda.Config, logGroup string) error {
	assume := func() (lambda.Credentials, error) {
		id, secret, err := d.cloud.Assume("lambda.amazonaws.com", c.Role, c.Name)
		return lambda.Credentials{AccessKeyID: id, SecretAccessKey: secret, SessionToken: "of-" + id}, err
	}
	if _, err := assume(); err != nil {
		return fmt.Errorf("the role defined for the function cannot be assumed by Lambda: %w", err)
	}
	role, group := c.Role, d.arn("logs", "log-group:"+logGroup)
	c.Credentials = func() lambda.Credentials {
		credentials, _ := assume() // without it, calls are refused
		return credentials
	}
	c.Log = func(line lambda.Line) {
		if d.cloud.IAM.MayWriteLogs(role, group) == nil { // Lambda drops the line otherwise
			d.metrics.ReadLog(line.Text)
		}
	}
	return nil
}
