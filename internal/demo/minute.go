package demo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/wiring"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/sandbox"
)

// minute shows the changes that don't wait for a scheduled sweep: edits by another principal are repaired, and a
// deployed policy is in force.
func minute(s *stage) {
	m, f := s.build(oneInVirginia, lab.Marketing), s.build(twoInVirginia, lab.Finance)
	policy := lab.PingPolicy(m, f, lab.Site{})
	s.deploy(policy)
	pcx := s.request(m, f, "")
	s.settle()
	connected := sandbox.Connected(m, f, pcx)
	pinging := append(slices.Clone(connected), sandbox.Admits(f.Group, "icmp", m))
	s.exactly("Marketing and Finance are connected", pinging...)

	mark := s.Cloud.Mark()
	s.edited(m, f)
	s.untilGathered(f.Cell, 2)
	s.settleEarly("the queue of Finance's sweep gathers both events")
	s.exactly("the route and the rule are back, without a scheduled sweep", pinging...)
	s.reachable("and Marketing reaches Finance", s.ping(m, f))
	s.repairedOnce(mark, pcx, f.Cell)
	s.swept(mark, map[peering.Cell]int{f.Cell: 2}, "the repair causes no further sweep")

	mark = s.Cloud.Mark()
	s.redeploy(strings.Replace(policy, "protocol: icmp", "protocol: tcp, ports: [22]", 1))
	s.settleEarly("the queue of each sweep gathers CloudFormation's events")
	s.exactly("the deployed policy is in force, and the old rule is gone",
		append(connected, sandbox.Admits(f.Group, "tcp 22", m))...)
	s.reachable("SSH is open", s.ssh(m, f))
	s.unreachable("and the ping is closed", s.ping(m, f), string(f.Group)+" admits no icmp")
	s.swept(mark, map[peering.Cell]int{m.Cell: 2, f.Cell: 2},
		"each cell looks twice, because old code may run beside new")
}

// edited has a principal of Finance's account, who isn't autopeer, delete a route and revoke a rule of the connection.
func (s *stage) edited(m, f lab.Site) {
	block := m.VPC.Block.String()
	s.asks(f.Cell, func(p *lab.Person) string {
		p.DeleteRoute(f.Table, block)
		return "delete-route " + block + " in " + string(f.Table)
	})
	s.asks(f.Cell, func(p *lab.Person) string {
		p.Expel(f.Group, "icmp", -1, -1, block)
		return "revoke-security-group-ingress icmp from " + block + " in " + string(f.Group)
	})
	s.unreachable("the ping is lost", s.ping(m, f), "no icmp")
}

// settleEarly prints the delays of the sweeps' queues and ends them, because the demo's clock is real.
func (s *stage) settleEarly(gathers string) {
	s.note("asks", "",
		fmt.Sprintf("%s for %s, and a second sweep follows %s after the first; the demo ends both waits early",
			gathers, wiring.Window(function.Sweep), wiring.FunctionTimeout))
	s.settle()
}

// untilGathered waits until the open window of the cell's sweep has that number of messages. One that is still visible
// would be in the next batch if the window ended now.
func (s *stage) untilGathered(cell peering.Cell, messages int) {
	i := slices.IndexFunc(s.Cells, func(c *local.Cell) bool { return c.Cell == cell })
	url := s.Cells[i].Stack.QueueURLs[wiring.DefaultPrefix+"-"+string(function.Sweep)]
	client := sqs.NewFromConfig(local.Config(s.Cloud, cell, string(cell.Account)))
	const gathered = types.QueueAttributeNameApproximateNumberOfMessagesNotVisible
	s.until("the events are gathered", func() bool {
		out, err := client.GetQueueAttributes(s.ctx, &sqs.GetQueueAttributesInput{
			QueueUrl: &url, AttributeNames: []types.QueueAttributeName{gathered},
		})
		s.must("read the sweep's queue", err)
		return out.Attributes[string(gathered)] == strconv.Itoa(messages)
	})
}

// repairedOnce checks that the edits since the mark are announced once as repaired, with the principal, and nothing as
// found.
func (s *stage) repairedOnce(mark int, pcx peering.ConnectionID, cell peering.Cell) {
	var editors []string
	for _, c := range s.Cloud.Since(mark) {
		if c.Action == "DeleteRoute" || c.Action == "RevokeSecurityGroupIngress" {
			editors = append(editors, c.ARN)
		}
	}
	editors = slices.Compact(editors)
	found, repaired := s.Announced(outcome.DriftFound, pcx), s.Announced(outcome.Repaired, pcx)
	ids := map[string]bool{}
	for _, o := range repaired {
		ids[o.ID] = true
	}
	once := len(ids) == 1 && len(found) == 0 && repaired[0].Cell == cell &&
		len(repaired[0].Changes) == 2 && slices.Equal(repaired[0].EditedBy, editors)
	s.check("one Drift Repaired has both changes and the principal "+strings.Join(editors, ", "), once,
		fmt.Sprintf("announced %+v and %+v", found, repaired))
}

// swept checks the number of sweeps in each cell since the mark.
func (s *stage) swept(mark int, want map[peering.Cell]int, text string) {
	sweeps, total, wrong := map[peering.Cell]int{}, 0, false
	for _, c := range s.ByAutopeer(mark) {
		if strings.Contains(c.ARN, "autopeer-sweep") && c.Action == "DescribeVpcPeeringConnections" {
			sweeps[peering.Cell{Account: peering.AccountID(c.Account), Region: peering.Region(c.Region)}]++
		}
	}
	for _, c := range s.Cells {
		total, wrong = total+sweeps[c.Cell], wrong || sweeps[c.Cell] != want[c.Cell]
	}
	s.check(fmt.Sprintf("%d sweeps: %s", total, text), !wrong, fmt.Sprintf("there are %v", sweeps))
}
