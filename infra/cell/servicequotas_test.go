package cell_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"

	"github.com/autopeer/autopeer/infra/cell"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// star is a policy in which one department with some VPCs may be connected with one department in each
// of many accounts.
func star(vpcs, accounts int) *policy.Policy { return starAt(hub, vpcs, accounts) }

func starAt(hub peering.Cell, vpcs, accounts int) *policy.Policy {
	p := &policy.Policy{File: "star.yaml", Otherwise: policy.LeaveOthers, Departments: []policy.Department{{Name: "hub"}}}
	for i := range vpcs {
		p.Departments[0].Members = append(p.Departments[0].Members, policy.Member{
			Cell: hub, VPC: peering.VPCID(fmt.Sprintf("vpc-%017x", i)),
		})
	}
	for i := range accounts {
		name := fmt.Sprintf("spoke%d", i)
		c := peering.Cell{Account: peering.AccountID(fmt.Sprintf("%012d", 200000000000+i)), Region: "eu-west-1"}
		p.Departments = append(p.Departments, policy.Department{
			Name: name, Members: []policy.Member{{Cell: c, VPC: peering.VPCID(fmt.Sprintf("vpc-%017x", 1<<40+i))}},
		})
		p.Peerings = append(p.Peerings, policy.Peering{Between: [2]string{"hub", name}})
	}
	return p
}

// rejecting returns the policy with otherwise: reject, and without its last peerings.
func rejecting(p *policy.Policy, without int) *policy.Policy {
	p.Otherwise, p.Peerings = policy.RejectOthers, p.Peerings[:len(p.Peerings)-without]
	return p
}

// starTo is a star with one other account, in the Region.
func starTo(region peering.Region) *policy.Policy {
	p := star(1, 1)
	p.Departments[1].Members[0].Region = region
	return p
}

var hub = peering.Cell{Account: "100000000000", Region: "eu-west-1"}

func newHub(t *testing.T, p *policy.Policy, context map[string]any) (cell.Stacks, error) {
	t.Helper()
	return cell.New(awscdk.NewApp(nil), p.Departments[0].Members[0].Cell, cell.Props{
		Policy: p, Options: options(t, context), Build: built(t),
	})
}

func TestAQuotaThatWouldBeExceededStopsSynth(t *testing.T) {
	tests := []struct {
		name    string
		policy  *policy.Policy
		context map[string]any
		want    string // empty: it fits
	}{
		{"a hundred accounts fit", star(1, 100), nil, ""},
		{"more accounts than the bus's policy has room for", star(1, 150), nil,
			"100000000000/eu-west-1: the characters of the event bus's policy would be"},
		{"the organization stands for all of them", star(1, 150), object{"organization": "o-0123456789"}, ""},
		{"more counterparts than a stack has room for", star(1, 250), object{"organization": "o-0123456789"},
			"the resources of the main stack would be"},
		{"more counterparts than a bus of a small region has rules for",
			starAt(peering.Cell{Account: "100000000000", Region: "eu-south-1"}, 1, 110), nil,
			"the rules on the default bus would be"},
		{"a rule name with the longest prefix and Region of today", starTo("ap-northeast-1"),
			object{"prefix": "a-long-company"}, ""},
		{"a rule name with the longest prefix and a longer Region", starTo("ap-southeasterly-100"),
			object{"prefix": "a-long-company"},
			"100000000000/eu-west-1: the characters of the rule name " +
				"a-long-company-forward-messages-200000000000-ap-southeasterly-100 would be 65, and AWS allows 64; give the " +
				"installation a shorter prefix"},
		{"a rule name with a longer Region and a shorter prefix", starTo("ap-southeasterly-100"),
			object{"prefix": "a-long-compan"}, ""},
		{"as many cells as inform each other of requests to reject, in a small Region",
			rejecting(starAt(peering.Cell{Account: "100000000000", Region: "eu-south-1"}, 1, 89), 0), nil, ""},
		{"as many without a peering",
			rejecting(starAt(peering.Cell{Account: "100000000000", Region: "eu-south-1"}, 1, 89), 89), nil, ""},
		{"more cells reject without being informed", rejecting(star(1, 250), 249), nil, ""},
		{"more VPCs than a role's policies have room for", star(4000, 2), nil,
			"the managed policies of the role of accept would be"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := newHub(t, tt.policy, tt.context)
			if tt.want == "" {
				if err != nil {
					t.Errorf("New() error = %v, want none", err)
				}
				return
			}
			if _, ok := errors.AsType[cell.QuotaError](err); !ok || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New() error = %v, want %q in it", err, tt.want)
			}
		})
	}
}

// TestTheResourcesAreCountedHighEnough: the number that is compared with CloudFormation's quota is an estimate. A
// counterpart is two rules.
func TestTheResourcesAreCountedHighEnough(t *testing.T) {
	everything := object{"organization": "o-0123456789", "trail": "true", "alarmEmail": "ops@example.com"}
	const most, fewer = 191, 14 // counterparts: too many, and few enough by as many
	_, err := newHub(t, star(50, most), everything)
	exceeded, ok := errors.AsType[cell.QuotaError](err)
	if !ok {
		t.Fatalf("New() error = %v, want that there are too many resources", err)
	}
	made, err := newHub(t, star(50, most-fewer), everything)
	if err != nil {
		t.Fatal(err)
	}
	count := func(stack awscdk.Stack) int {
		return len((*assertions.Template_FromStack(stack, nil).ToJSON())["Resources"].(object))
	}
	if n := count(made.Bus); n != 4 {
		t.Errorf("the stack of the bus has %d resources, want the bus and three statements", n)
	}
	n := count(made.Main)
	if counted := exceeded.Have - 2*fewer; n > counted {
		t.Errorf("a main stack has %d resources, and %d are counted", n, counted)
	}
}

// TestManyStatementsSpreadOverPolicies holds the documents against IAM's limits, counted as IAM counts.
func TestManyStatementsSpreadOverPolicies(t *testing.T) {
	made, err := newHub(t, star(100, 60), nil)
	if err != nil {
		t.Fatal(err)
	}
	template := assertions.Template_FromStack(made.Main, nil)
	managed := resources(t, template, "AWS::IAM::ManagedPolicy")
	if len(managed) == 0 {
		t.Error("no managed policy; 100 VPCs with 60 requesters don't fit into 10,240 characters")
	}
	for id, p := range managed {
		if n := characters(t, p.Properties["PolicyDocument"]); n > 6144 {
			t.Errorf("%s has %d characters, want at most 6144", id, n)
		}
	}
	for id, r := range resources(t, template, "AWS::IAM::Role") {
		inline := 0
		for _, p := range r.Properties["Policies"].([]any) {
			inline += characters(t, p.(object)["PolicyDocument"])
		}
		if attached, _ := r.Properties["ManagedPolicyArns"].([]any); inline > 10240 || len(attached) > 10 {
			t.Errorf("%s has %d characters inline and %d managed policies, want at most 10240 and 10", id, inline, len(attached))
		}
	}
}

func characters(t *testing.T, document any) int {
	t.Helper()
	data, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return len(data)
}
