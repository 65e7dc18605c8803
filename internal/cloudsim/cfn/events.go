package cfn

import (
	"encoding/json"
	"fmt"
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

type busPolicyProperties struct {
	EventBusName string
	StatementID  string `json:"StatementId"`
	Statement    map[string]any
}

// createBusPolicy adds one statement to the bus's policy.
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
	document.Statement = append(document.Statement, p.Statement)
	text, err := json.Marshal(document)
	if err != nil {
		return made{}, err
	}
	return made{ref: p.EventBusName + "|" + p.StatementID}, d.events("PutPermission", map[string]any{"EventBusName": p.EventBusName, "Policy": string(text)}, nil)
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

// createRule leaves the check of targets to EventBridge, whose properties they are.
func createRule(d *deployment, id string, p ruleProperties) (made, error) {
	name := d.physical(p.Name, id)
	var rule struct{ RuleArn string }
	if err := d.events("PutRule", map[string]any{
		"Name": name, "EventBusName": p.EventBusName, "Description": p.Description, "State": p.State,
		"EventPattern": string(p.EventPattern), "ScheduleExpression": p.ScheduleExpression,
	}, &rule); err != nil {
		return made{}, err
	}
	if err := d.putTargets(name, p); err != nil {
		return made{}, err
	}
	ref := name
	if p.EventBusName != "" {
		ref = p.EventBusName + "|" + name
	}
	return made{ref, map[string]string{"Arn": rule.RuleArn}}, nil
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
