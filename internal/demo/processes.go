package demo

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/cloudwatch"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/local"
)

// showProcesses prints the changes of each process of each account's functions.
func (s *stage) showProcesses(calls []apicall.Call) {
	var order []string
	did := map[string][]string{}
	for _, call := range calls {
		function, pid, found := s.Process(call)
		if !call.Mutating || call.Service == "sqs" || !found {
			continue
		}
		who := fmt.Sprintf("process %d, %s in %s/%s", pid, function, call.Account, call.Region)
		if did[who] == nil {
			order = append(order, who)
		}
		did[who] = append(did[who], described(call))
	}
	for _, who := range order {
		s.note("ran", who, strings.Join(counted(did[who]), ", "))
	}
	unknown := slices.DeleteFunc(slices.Clone(calls), func(call apicall.Call) bool {
		_, _, found := s.Process(call)
		return found
	})
	s.check(fmt.Sprintf("all %d calls come from processes of the functions", len(calls)), len(unknown) == 0,
		fmt.Sprintf("%d do not", len(unknown)))
}

// noneRefused checks that no call of a function was refused for lack of a permission.
func (s *stage) noneRefused() {
	refused := 0
	for _, call := range s.ByAutopeer(0) {
		function, pid, found := s.Process(call)
		if !found || (call.ErrorCode != "UnauthorizedOperation" && !strings.HasPrefix(call.ErrorCode, "AccessDenied")) {
			continue
		}
		refused++
		s.note("refused", fmt.Sprintf("process %d, %s in %s/%s", pid, function, call.Account, call.Region), described(call))
	}
	s.check("no function lacks a permission", refused == 0, fmt.Sprintf("%d calls are refused", refused))
}

// soundAlarms prints the alarms of the stacks that sound at the end; the runbook has the next steps for each.
func (s *stage) soundAlarms() {
	quiet := true
	for _, c := range s.Cells {
		for _, a := range c.Stack.Alarms() {
			if a.State == cloudwatch.Sounding {
				quiet = false
				s.note("alarm", c.String(), fmt.Sprintf("alarm %s is raised: %s", a.Name, a.Description))
			}
		}
	}
	if quiet {
		s.note("alarm", "", "no alarm of the stacks is raised")
	}
}

// alarms returns the names of those that sound.
func (s *stage) alarms() []string {
	var names []string
	for _, c := range s.Cells {
		for _, a := range c.Stack.Alarms() {
			if a.State == cloudwatch.Sounding {
				names = append(names, a.Name)
			}
		}
	}
	return names
}

// described returns the call's name and, if it failed, its error code.
func described(call apicall.Call) string {
	if call.ErrorCode == "" {
		return call.Action
	}
	return call.Action + " (" + call.ErrorCode + ")"
}

// counted names each once, in order, with the number of times if it is more than one.
func counted(names []string) []string {
	var list []string
	for i, name := range names {
		if slices.Index(names, name) != i {
			continue
		}
		n := len(slices.DeleteFunc(slices.Clone(names), func(w string) bool { return w != name }))
		if n > 1 {
			name = fmt.Sprintf("%d × %s", n, name)
		}
		list = append(list, name)
	}
	return list
}

// steal takes the credentials that accept's environments get, and tries to write a route with them.
func (s *stage) steal(victim lab.Site) {
	role := fmt.Sprintf("arn:aws:iam::%s:role/autopeer-accept-%s", victim.Cell.Account, victim.Cell.Region)
	key, _, err := s.Cloud.Assume("lambda.amazonaws.com", role, "autopeer-accept")
	s.must("take on accept's role", err)
	_, err = ec2.NewFromConfig(local.Config(s.Cloud, victim.Cell, key)).CreateRoute(s.ctx, &ec2.CreateRouteInput{
		RouteTableId: aws.String(string(victim.Table)), DestinationCidrBlock: aws.String("192.0.2.0/24"),
		GatewayId: aws.String("igw-00000000000000000"),
	})
	code, announced := "", "it succeeds"
	if refusal, ok := errors.AsType[smithy.APIError](err); ok {
		code, announced = refusal.ErrorCode(), refusal.ErrorCode()+": "+refusal.ErrorMessage()
	}
	s.note("asks", "a person with the credentials of accept in "+victim.Cell.String(),
		"create-route in "+string(victim.Table)+" → "+announced)
	s.check("accept's role may not write routes", code == "UnauthorizedOperation", announced)
}
