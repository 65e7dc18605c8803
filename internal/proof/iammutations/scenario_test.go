package iammutations_test

import (
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/wiring"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
)

// work makes autopeer do all of its work, in both directions, so that every permission is needed.
func (c *company) work() {
	for i, pair := range c.pairs {
		for _, ends := range [][2]lab.Site{pair, {pair[1], pair[0]}} {
			c.comeAndGo(pair, ends, i == manual)
			if i < manual {
				c.follow(pair, ends)
			}
		}
	}
	c.lose(c.pairs[0])
	for _, ends := range [][2]lab.Site{c.pairs[0], {c.pairs[0][1], c.pairs[0][0]}} {
		c.reject(c.unlisted[ends[0].Cell], ends[1])
		c.reject(c.island, ends[0])
		c.reject(ends[0], c.island)
		c.routedByHand(ends)
		c.stumble(c.pairs[0], ends)
		c.obstruct(c.pairs[0], ends)
		c.loseTheBus(ends[0], ends[1])
	}
}

// comeAndGo connects two sites and takes the connection back.
func (c *company) comeAndGo(pair, ends [2]lab.Site, approve bool) {
	id := c.ask(ends[0], ends[1])
	if approve {
		c.expect()
		c.approve(ends[1], id)
		c.rest()
	}
	c.expect(agreed(pair, id)...)
	// the first connection of the pair is without the option until then, so that connect reads the attributes
	for _, s := range pair {
		c.by(s.Cell, func(p *lab.Person) { p.DNSHostnames(s.VPC) })
	}
	c.rest()
	for _, at := range []peering.Cell{one, two} {
		c.isTagged(at, id)
		c.by(at, func(p *lab.Person) { p.Untag(string(id), peering.TagManaged) })
		c.rest()
		c.isTagged(at, id)
		c.resolves(at, id)
	}
	c.remove(ends[0], id)
	c.expect()
}

func (c *company) isTagged(at peering.Cell, id peering.ConnectionID) {
	pcx, err := c.Connection(c.ctx, at, id)
	c.must("read "+string(id), err)
	if pcx.ManagedBy() != wiring.DefaultPrefix || pcx.Tags[peering.TagName] == "" {
		c.notice("%s is tagged %v in %s", id, pcx.Tags, at)
	}
}

// approve tags a request where it is accepted.
func (c *company) approve(at lab.Site, id peering.ConnectionID) {
	c.by(at.Cell, func(p *lab.Person) { p.Tag(string(id), map[string]string{peering.TagApproved: "true"}) })
}

// lose leaves to sweeps the changes that no event reports: a route that a person deletes, and the end of a connection
// and a request while there are no trails. Then a VPC gets a block, whose event both cells receive.
func (c *company) lose(pair [2]lab.Site) {
	id := c.ask(pair[0], pair[1])
	for i, s := range pair {
		c.by(s.Cell, func(p *lab.Person) { p.DeleteRoute(s.Table, pair[1-i].VPC.Block.String()) })
	}
	c.sweep()
	c.rest()
	c.expect(agreed(pair, id)...)
	for _, at := range []peering.Cell{one, two} {
		c.Cloud.Events.StopLogging(string(at.Account), string(at.Region))
	}
	c.remove(pair[0], id)
	request := c.ask(pair[0], pair[1])
	for _, at := range []peering.Cell{one, two} {
		c.Cloud.Events.StartLogging(string(at.Account), string(at.Region))
	}
	c.sweep()
	c.rest()
	c.sweep() // connects a side of whose acceptance no event has come
	c.rest()
	c.expect(agreed(pair, request)...)
	c.remove(pair[0], request)
	c.expect()
	for at, block := range map[peering.Cell]string{one: "10.51.0.0/16", two: "10.61.0.0/16"} {
		c.by(at, func(p *lab.Person) { p.AddBlock(c.unlisted[at].VPC, block) })
	}
	c.rest()
}

// sweep has both cells swept, as their schedule does.
func (c *company) sweep() {
	for _, at := range []peering.Cell{one, two} {
		c.must("sweep", c.Cloud.Events.Fire(arn("events", at, "rule/"+wiring.DefaultPrefix+"-"+wiring.SweepRule)))
	}
}

func (c *company) resolves(at peering.Cell, id peering.ConnectionID) {
	out, err := c.Person(c.ctx, at).EC2.DescribeVpcPeeringConnections(c.ctx,
		&ec2.DescribeVpcPeeringConnectionsInput{VpcPeeringConnectionIds: []string{string(id)}})
	c.must("read "+string(id), err)
	for _, pcx := range out.VpcPeeringConnections {
		side := pcx.RequesterVpcInfo
		if *pcx.AccepterVpcInfo.OwnerId == string(at.Account) {
			side = pcx.AccepterVpcInfo
		}
		if side.PeeringOptions == nil || !aws.ToBool(side.PeeringOptions.AllowDnsResolutionFromRemoteVpc) {
			c.notice("%s doesn't resolve names of %s", id, at)
		}
	}
}

// follow lets a connection follow another that disconnect hasn't cleaned up after yet, and then puts things in
// its place that connect must take back.
func (c *company) follow(pair, ends [2]lab.Site) {
	from, to := ends[0], ends[1]
	first := c.ask(from, to)
	for _, at := range []peering.Cell{one, two} {
		c.mappings[roleOf(at, function.Disconnect)].Pause()
	}
	c.by(from.Cell, func(p *lab.Person) { p.Delete(first) })
	second := c.ask(from, to)
	for _, at := range []peering.Cell{one, two} {
		c.mappings[roleOf(at, function.Disconnect)].Resume()
	}
	c.rest()
	c.expect(agreed(pair, second)...)
	for _, s := range []lab.Site{from, to} {
		c.clutter(s, second)
		c.must("hint",
			c.Deliver(c.ctx, s.Cell, function.Connect, sandbox.Event("AcceptVpcPeeringConnection", s.Cell, second, from, to)))
		c.rest()
	}
	c.expect(agreed(pair, second)...)
	c.remove(to, second)
	c.expect()
}

// routedByHand has routes left by a connection that autopeer hasn't connected: they are removed, because the policy
// names the VPCs.
func (c *company) routedByHand(ends [2]lab.Site) {
	for _, at := range []peering.Cell{one, two} {
		c.mappings[roleOf(at, function.Connect)].Pause()
	}
	id := c.ask(ends[0], ends[1])
	for i, s := range ends {
		c.by(s.Cell, func(p *lab.Person) { p.RouteTo(s.Table, ends[1-i].VPC.Block.String(), id) })
	}
	c.remove(ends[0], id)
	c.expect()
	for _, at := range []peering.Cell{one, two} {
		c.mappings[roleOf(at, function.Connect)].Resume()
	}
	c.rest()
}

// clutter adds a route and a rule of the connection that the policy doesn't want.
func (c *company) clutter(s lab.Site, id peering.ConnectionID) {
	c.by(s.Cell, func(p *lab.Person) { p.RouteTo(s.Table, "192.0.2.0/24", id) })
	_, err := c.Person(c.ctx, s.Cell).EC2.AuthorizeSecurityGroupIngress(c.ctx, ingress(s.Group, "192.0.2.0/24", ours(id)))
	c.must("clutter", err)
}

// ours are the tags of a rule that autopeer makes for the connection.
func ours(id peering.ConnectionID) map[string]string {
	return map[string]string{peering.TagConnection: string(id), peering.TagManaged: wiring.DefaultPrefix}
}

func ingress(group peering.SecurityGroupID, from string,
	tags map[string]string) *ec2.AuthorizeSecurityGroupIngressInput {
	in := &ec2.AuthorizeSecurityGroupIngressInput{GroupId: aws.String(string(group)), IpPermissions: []types.IpPermission{
		{
			IpProtocol: aws.String("tcp"), FromPort: aws.Int32(22), ToPort: aws.Int32(22),
			IpRanges: []types.IpRange{{CidrIp: &from}},
		},
	}}
	if len(tags) == 0 {
		return in
	}
	spec := types.TagSpecification{ResourceType: types.ResourceTypeSecurityGroupRule}
	for key, value := range tags {
		spec.Tags = append(spec.Tags, types.Tag{Key: aws.String(key), Value: aws.String(value)})
	}
	in.TagSpecifications = []types.TagSpecification{spec}
	return in
}

// reject requests a connection that no peering names. No sweep runs.
func (c *company) reject(from, to lab.Site) {
	id := c.ask(from, to)
	pcx, err := c.Connection(c.ctx, from.Cell, id)
	c.must("read "+string(id), err)
	if pcx.State != peering.Rejected {
		c.notice("%s is %s", id, pcx.State)
	}
	c.expect()
}

// failFirstCalls has the first EC2 call of each function fail, so that it hides its message for a while. It returns the
// functions whose call has failed, by their ARNs.
func (c *company) failFirstCalls() (stumbled map[string]bool, stop func()) {
	var mu sync.Mutex
	stumbled = map[string]bool{}
	stop = c.Cloud.Inject(func(call apicall.Call) *cloudsim.Failure {
		mu.Lock()
		defer mu.Unlock()
		if call.Service != "ec2" || stumbled[call.ARN] || !strings.Contains(call.ARN, ":assumed-role/") {
			return nil
		}
		stumbled[call.ARN] = true
		return &cloudsim.Failure{Code: "IncorrectState", Message: "not now"}
	})
	return stumbled, stop
}

// stumble makes each function fail at first, so that it hides its message for a while.
func (c *company) stumble(pair, ends [2]lab.Site) {
	_, stop := c.failFirstCalls()
	defer stop()
	c.sweep()
	id := c.ask(ends[0], ends[1])
	c.expect(agreed(pair, id)...)
	c.remove(ends[1], id)
	c.expect()
}

// obstruct puts another route in the place of a connection's route. The cell reports to the other side's cell that the
// connection is half-open.
func (c *company) obstruct(pair, ends [2]lab.Site) {
	id, at, block := c.ask(ends[0], ends[1]), ends[0], ends[1].VPC.Block.String()
	var firewall peering.InstanceID
	c.by(at.Cell, func(p *lab.Person) {
		firewall = p.Server("firewall", at.Subnet, strings.Replace(at.VPC.Block.String(), ".0.0/16", ".1.10", 1), at.Group)
		p.DeleteRoute(at.Table, block)
		p.RouteToServer(at.Table, block, firewall)
	})
	c.sweep()
	c.rest()
	c.by(at.Cell, func(p *lab.Person) {
		p.DeleteRoute(at.Table, block)
		p.Terminate(firewall)
	})
	c.sweep()
	c.rest()
	c.expect(agreed(pair, id)...)
	c.remove(at, id)
	c.expect()
}

// loseTheBus has the requester's bus, and then a queue of the accepter's, refuse everything while a connection ends.
// The events come to rest in the accepter's queue of undelivered ones.
func (c *company) loseTheBus(from, to lab.Site) {
	id := c.ask(from, to)
	c.withoutBusPolicy(from.Cell, func() {
		c.by(to.Cell, func(p *lab.Person) { p.Delete(id) })
		c.restsUndelivered(":rule/" + wiring.DefaultPrefix + "-")
	})
	c.sweep()
	c.rest()
	id = c.ask(from, to)
	client, url := sqs.NewFromConfig(c.admin(to.Cell)),
		urlOf(to.Cell, wiring.DefaultPrefix+"-"+string(function.Disconnect))
	const policy = sqstypes.QueueAttributeNamePolicy
	queue, err := client.GetQueueAttributes(c.ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{policy},
	})
	c.must("read the queue's policy", err)
	_, err = client.SetQueueAttributes(c.ctx, &sqs.SetQueueAttributesInput{
		QueueUrl: &url, Attributes: map[string]string{string(policy): ""},
	})
	c.must("take the queue's policy away", err)
	c.by(from.Cell, func(p *lab.Person) { p.Delete(id) })
	c.restsUndelivered(":rule/" + wiring.DefaultPrefix + "/")
	_, err = client.SetQueueAttributes(c.ctx, &sqs.SetQueueAttributesInput{QueueUrl: &url, Attributes: queue.Attributes})
	c.must("give the queue its policy back", err)
	c.sweep()
	c.rest()
	c.expect()
}

// restsUndelivered notices that no event of a rule on the bus has come to rest in a queue.
func (c *company) restsUndelivered(rule string) {
	c.must("settle", c.Cloud.Settle(c.ctx))
	if !slices.ContainsFunc(c.undelivered(), func(f events.Failure) bool {
		return strings.Contains(f.Rule, rule) && f.DeadLetter
	}) {
		c.notice("nothing of %s rests in a queue", rule)
	}
}

func (c *company) ask(from, to lab.Site) peering.ConnectionID {
	id := c.requested(from, to)
	c.rest()
	return id
}

func (c *company) requested(from, to lab.Site) (id peering.ConnectionID) {
	c.by(from.Cell, func(p *lab.Person) { id = p.Ask(from, to, "") })
	return id
}

func (c *company) remove(at lab.Site, id peering.ConnectionID) {
	c.by(at.Cell, func(p *lab.Person) { p.Delete(id) })
	c.rest()
}

// expect compares the network with the wanted state.
func (c *company) expect(want ...string) {
	sites := []lab.Site{c.unlisted[one], c.unlisted[two]}
	for _, pair := range c.pairs {
		sites = append(sites, pair[:]...)
	}
	got, err := c.State(c.ctx, sites...)
	c.must("read the network", err)
	got = slices.DeleteFunc(got, func(line string) bool { return strings.Contains(line, " to vpce-") }) // of the sites
	slices.Sort(want)
	if !slices.Equal(got, want) {
		c.notice("the network is %q, want %q", got, want)
	}
}
