package cfn

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

type busProperties struct {
	Name        string
	Description string
}

func createBus(d *deployment, id string, p busProperties) (made, error) {
	name := d.physical(p.Name, id)
	if err := d.events("CreateEventBus", map[string]any{"Name": name}, nil); err != nil {
		return made{}, err
	}
	return made{name, map[string]string{"Arn": d.arn("events", "event-bus/"+name), "Name": name}}, nil
}

// updateBus has nothing to do: the embedded cloud keeps no description.
func updateBus(d *deployment, id string, _, _ busProperties) (made, error) {
	return d.resources[id], nil
}

func removeBus(d *deployment, r made, _ busProperties) error {
	return d.events("DeleteEventBus", map[string]any{"Name": r.ref}, nil)
}

type busPolicyProperties struct {
	EventBusName string
	StatementID  string `json:"StatementId"`
	Statement    map[string]any
}

// createBusPolicy adds one statement to the bus's policy, or replaces the one with its id.
func createBusPolicy(d *deployment, _ string, p busPolicyProperties) (made, error) {
	var bus struct{ Policy string }
	if err := d.events("DescribeEventBus", map[string]any{"Name": p.EventBusName}, &bus); err != nil {
		return made{}, err
	}
	document := struct {
		Version   string
		Statement []map[string]any
	}{Version: "2012-10-17"}
	if bus.Policy != "" {
		if err := json.Unmarshal([]byte(bus.Policy), &document); err != nil {
			return made{}, err
		}
	}
	p.Statement["Sid"] = p.StatementID
	document.Statement = slices.DeleteFunc(document.Statement, func(s map[string]any) bool {
		return s["Sid"] == p.StatementID
	})
	document.Statement = append(document.Statement, p.Statement)
	text, err := json.Marshal(document)
	if err != nil {
		return made{}, err
	}
	return made{ref: p.EventBusName + "|" + p.StatementID}, d.events("PutPermission",
		map[string]any{"EventBusName": p.EventBusName, "Policy": string(text)}, nil)
}

func removeBusPolicy(d *deployment, _ made, p busPolicyProperties) error {
	return d.events("RemovePermission", map[string]any{"EventBusName": p.EventBusName, "StatementId": p.StatementID}, nil)
}

type ruleProperties struct {
	Name               string
	EventBusName       string
	Description        string
	EventPattern       json.RawMessage
	ScheduleExpression string
	State              string
	Targets            []map[string]any
}

func createRule(d *deployment, id string, p ruleProperties) (made, error) {
	r, err := putRule(d, id, p)
	if err != nil && r.ref != "" { // it has no targets, which is not the rule that the template has
		err = errors.Join(err, removeRule(d, r, ruleProperties{EventBusName: p.EventBusName}))
	}
	return r, err
}

func updateRule(d *deployment, id string, before, after ruleProperties) (made, error) {
	r, err := putRule(d, id, after)
	if err != nil {
		return r, err
	}
	kept := after.targetIDs()
	former := slices.DeleteFunc(before.targetIDs(), func(id string) bool { return slices.Contains(kept, id) })
	return r, d.removeTargets(after.EventBusName, ruleName(r), former)
}

func removeRule(d *deployment, r made, p ruleProperties) error {
	if err := d.removeTargets(p.EventBusName, ruleName(r), p.targetIDs()); err != nil {
		return err
	}
	return d.events("DeleteRule", map[string]any{"Name": ruleName(r), "EventBusName": p.EventBusName}, nil)
}

// ruleName reads the name out of bus|name.
func ruleName(r made) string { return r.ref[strings.LastIndex(r.ref, "|")+1:] }

func (p ruleProperties) targetIDs() []string {
	var ids []string
	for _, t := range p.Targets {
		ids = append(ids, fmt.Sprint(t["Id"]))
	}
	return ids
}

func (d *deployment) removeTargets(bus, rule string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	return d.events("RemoveTargets", map[string]any{"Rule": rule, "EventBusName": bus, "Ids": ids}, nil)
}

// putRule leaves the check of targets to EventBridge, whose properties they are. After an error, a rule with a Ref
// exists without its targets.
func putRule(d *deployment, id string, p ruleProperties) (made, error) {
	name := d.physical(p.Name, id)
	var rule struct{ RuleArn string }
	if err := d.events("PutRule", map[string]any{
		"Name": name, "EventBusName": p.EventBusName, "Description": p.Description, "State": p.State,
		"EventPattern": string(p.EventPattern), "ScheduleExpression": p.ScheduleExpression,
	}, &rule); err != nil {
		return made{}, err
	}
	ref := name
	if p.EventBusName != "" {
		ref = p.EventBusName + "|" + name
	}
	return made{ref, map[string]string{"Arn": rule.RuleArn}}, d.putTargets(name, p)
}

func (d *deployment) putTargets(rule string, p ruleProperties) error {
	if len(p.Targets) == 0 {
		return nil
	}
	for _, t := range p.Targets {
		for property := range t {
			if !strings.Contains(" Id Arn RoleArn DeadLetterConfig RetryPolicy Input InputPath ", " "+property+" ") {
				return fmt.Errorf("unknown property %s of a target", property)
			}
		}
	}
	var out struct {
		FailedEntries []struct{ ErrorCode, ErrorMessage string }
	}
	err := d.events("PutTargets", map[string]any{"Rule": rule, "EventBusName": p.EventBusName, "Targets": p.Targets}, &out)
	if err == nil && len(out.FailedEntries) > 0 {
		err = fmt.Errorf("target: %s: %s", out.FailedEntries[0].ErrorCode, out.FailedEntries[0].ErrorMessage)
	}
	return err
}
