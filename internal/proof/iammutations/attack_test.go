package iammutations_test

import (
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/wiring"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/local"
)

// attack tries, with stolen credentials and from a hostile account, the calls that each condition prevents.
// The functions are at rest meanwhile.
func (c *company) attack() {
	for _, m := range c.mappings {
		m.Pause()
	}
	m, f, s, l := c.pairs[0][0], c.pairs[0][1], c.pairs[1][0], c.pairs[1][1]
	c.attackAcceptance([2]lab.Site{m, l}, [2]lab.Site{f, s}, [2]lab.Site{c.unlisted[one], f},
		[2]lab.Site{c.unlisted[two], m})
	c.attackAcceptance([2]lab.Site{l, m}, [2]lab.Site{s, f})
	h, b := c.pairs[mesh][0], c.pairs[mesh][1]
	c.attackAcceptance([2]lab.Site{m, b}, [2]lab.Site{h, f}, [2]lab.Site{b, m}, [2]lab.Site{c.unlisted[two], h})
	c.attackApproval()
	listed := c.requests([2]lab.Site{m, f}, [2]lab.Site{l, s})
	foreign := c.requests([2]lab.Site{c.unlisted[one], c.unlisted[two]})[0]
	for i, at := range []peering.Cell{one, two} {
		own, other := c.pairs[0][i], c.unlisted[at]
		c.attackAsConnect(at, own, other, listed, foreign)
		c.attackAsDisconnect(at, own, listed[0])
		c.stolen(at, function.Sweep)
		c.attackQueues(at)
		c.attackOwnBus(at)
		c.attackBus(at, []peering.Cell{two, one}[i])
		c.attackAsOtherCell(at)
	}
}

func (c *company) requests(all ...[2]lab.Site) []peering.ConnectionID {
	var ids []peering.ConnectionID
	for _, ends := range all {
		ids = append(ids, c.requested(ends[0], ends[1]))
	}
	c.must("settle", c.Cloud.Settle(c.ctx))
	return ids
}

// attackAcceptance requests connections that no peering names, between VPCs that each have other peerings, and tries to
// accept them with the accepter's role.
func (c *company) attackAcceptance(all ...[2]lab.Site) {
	for i, id := range c.requests(all...) {
		c.attackAccepted(all[i], id)
	}
}

func (c *company) attackAccepted(ends [2]lab.Site, id peering.ConnectionID) {
	client := c.stolen(ends[1].Cell, function.Accept)
	_, err := client.AcceptVpcPeeringConnection(c.ctx,
		&ec2.AcceptVpcPeeringConnectionInput{VpcPeeringConnectionId: aws.String(string(id))})
	c.refused("acceptance of "+string(id), err)
	c.by(ends[0].Cell, func(p *lab.Person) { p.Delete(id) })
}

// attackApproval tries to accept, with the accepter's role, an unapproved request, and approved requests from or to
// other VPCs.
func (c *company) attackApproval() {
	a, b := c.pairs[manual][0], c.pairs[manual][1]
	m, f := c.pairs[0][0], c.pairs[0][1]
	c.attackAcceptance([2]lab.Site{a, b})
	c.attackAcceptance([2]lab.Site{b, a})
	for _, ends := range [][2]lab.Site{{a, f}, {m, b}, {b, m}, {f, a}} {
		id := c.requests(ends)[0]
		c.approve(ends[1], id)
		c.attackAccepted(ends, id)
	}
}

// refused notices a call that isn't refused for lack of a permission.
func (c *company) refused(call string, err error) {
	var code string
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		code = e.ErrorCode()
	}
	if code != "UnauthorizedOperation" && !strings.HasPrefix(code, "AccessDenied") {
		c.notice("%s is not refused by IAM: %v", call, err)
	}
}

// stolen returns EC2 with a function's role, after it has tried to lie on the bus.
func (c *company) stolen(at peering.Cell, f function.Name) *ec2.Client {
	cfg, err := c.as(at, f)
	c.must("take on the role", err)
	_, err = eventbridge.NewFromConfig(cfg).PutEvents(c.ctx, putEvents(wiring.DefaultPrefix, "stranger", "x"))
	c.refused("a lie of "+string(f), err)
	return ec2.NewFromConfig(cfg)
}

func putEvents(bus, source, detailType string) *eventbridge.PutEventsInput {
	return &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{
		{EventBusName: &bus, Source: &source, DetailType: &detailType, Detail: aws.String("{}")},
	}}
}

func (c *company) attackAsConnect(at peering.Cell, own, other lab.Site, listed []peering.ConnectionID,
	foreign peering.ConnectionID) {
	client := c.stolen(at, function.Connect)
	id := aws.String(string(listed[0]))
	_, err := client.CreateRoute(c.ctx, &ec2.CreateRouteInput{
		RouteTableId: aws.String(string(other.Table)), DestinationCidrBlock: aws.String("192.0.2.0/24"),
		VpcPeeringConnectionId: id,
	})
	c.refused("a route in a foreign table", err)
	_, err = client.AuthorizeSecurityGroupIngress(c.ctx, ingress(other.Group, "0.0.0.0/0", nil))
	c.refused("a rule in a foreign group", err)
	another, foreigns := ours(listed[0]), ours(listed[0])
	another["Owner"], foreigns[peering.TagManaged] = "x", "other"
	_, err = client.AuthorizeSecurityGroupIngress(c.ctx, ingress(own.Group, "0.0.0.0/0", another))
	c.refused("a rule with another tag", err)
	_, err = client.AuthorizeSecurityGroupIngress(c.ctx, ingress(own.Group, "0.0.0.0/0", foreigns))
	c.refused("a rule in another installation's name", err)
	c.refused("another principal's rule made ours", tagAll(c, client, c.foreignRule(own), ours(listed[0])))
	c.refused("a name for a foreign connection", tag(c, client, string(foreign), peering.TagName))
	_, err = client.ModifyVpcPeeringConnectionOptions(c.ctx, &ec2.ModifyVpcPeeringConnectionOptionsInput{
		VpcPeeringConnectionId: aws.String(string(foreign)),
		RequesterPeeringConnectionOptions: &types.PeeringConnectionOptionsRequest{
			AllowDnsResolutionFromRemoteVpc: aws.Bool(true),
		},
	})
	c.refused("an option of a foreign connection", err)
	for _, id := range listed {
		c.refused("another tag on a connection", tag(c, client, string(id), "CostCenter"))
		c.refused("a connection marked as another installation's", tag(c, client, string(id), peering.TagManaged))
	}
	c.attackTag(at, client, listed)
}

func tag(c *company, client *ec2.Client, id, key string) error {
	return tagAll(c, client, id, map[string]string{key: "x"})
}

func tagAll(c *company, client *ec2.Client, id string, tags map[string]string) error {
	in := &ec2.CreateTagsInput{Resources: []string{id}}
	for key, value := range tags {
		in.Tags = append(in.Tags, types.Tag{Key: &key, Value: &value})
	}
	_, err := client.CreateTags(c.ctx, in)
	return err
}

// foreignRule adds an ingress rule with the account's own key.
func (c *company) foreignRule(s lab.Site) string {
	in := ingress(s.Group, "198.51.100.0/24", nil)
	client := c.Person(c.ctx, s.Cell).EC2
	_, err := client.RevokeSecurityGroupIngress(c.ctx, &ec2.RevokeSecurityGroupIngressInput{
		GroupId: in.GroupId, IpPermissions: in.IpPermissions,
	})
	if err == nil {
		c.notice("the rule was there already")
	}
	out, err := client.AuthorizeSecurityGroupIngress(c.ctx, in)
	c.must("admit", err)
	return *out.SecurityGroupRules[0].SecurityGroupRuleId
}

// attackAsDisconnect adds things with the role that may take them away in every VPC of its cell.
func (c *company) attackAsDisconnect(at peering.Cell, own lab.Site, listed peering.ConnectionID) {
	client := c.stolen(at, function.Disconnect)
	_, err := client.CreateRoute(c.ctx, &ec2.CreateRouteInput{
		RouteTableId: aws.String(string(own.Table)), DestinationCidrBlock: aws.String("192.0.2.0/24"),
		VpcPeeringConnectionId: aws.String(string(listed)),
	})
	c.refused("a route by disconnect", err)
	_, err = client.AuthorizeSecurityGroupIngress(c.ctx, ingress(own.Group, "0.0.0.0/0", ours(listed)))
	c.refused("a rule by disconnect", err)
	c.refused("a tag by disconnect", tag(c, client, string(listed), peering.TagName))
}

// attackTag has connect's role take over connections that another installation has tagged.
func (c *company) attackTag(at peering.Cell, client *ec2.Client, listed []peering.ConnectionID) {
	for _, id := range listed {
		c.by(at, func(p *lab.Person) { p.Tag(string(id), map[string]string{peering.TagManaged: "other"}) })
		own := map[string]string{peering.TagManaged: wiring.DefaultPrefix}
		c.refused("another installation's connection made ours", tagAll(c, client, string(id), own))
		c.by(at, func(p *lab.Person) { p.Untag(string(id), peering.TagManaged) })
	}
}

// queueNames returns the names of all queues that rules may send to, and of their dead-letter queues.
func queueNames() (fed, dead []string) {
	fed = []string{"undelivered"}
	for _, f := range function.All {
		fed, dead = append(fed, string(f)), append(dead, string(f)+"-dead-letters")
	}
	return fed, dead
}

// attackQueues sends without encryption, and by a rule that isn't autopeer's. It checks that the account can still read
// its queues.
func (c *company) attackQueues(at peering.Cell) {
	plain := sqs.NewFromConfig(c.admin(at), func(o *sqs.Options) {
		o.BaseEndpoint = aws.String("http://sqs." + string(at.Region) + ".amazonaws.com")
	})
	fed, dead := queueNames()
	for _, name := range slices.Concat(fed, dead) {
		url := urlOf(at, wiring.DefaultPrefix+"-"+name)
		_, err := plain.SendMessage(c.ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("x")})
		c.refused("a message for "+name+" without encryption", err)
		_, err = sqs.NewFromConfig(c.admin(at)).ReceiveMessage(c.ctx, &sqs.ReceiveMessageInput{QueueUrl: &url})
		c.must("look into "+name, err)
	}
	for _, name := range fed {
		target := ebtypes.Target{Id: aws.String("t"), Arn: aws.String(arn("sqs", at, wiring.DefaultPrefix+"-"+name))}
		c.stranger(at, "default", "stranger", "x", target)
	}
}

// attackBus sends to a counterpart's bus by a rule that isn't autopeer's, with a role of the attacker's and with
// autopeer's own, and by autopeer's own rules things that they aren't for. The attacker administers the account, so the
// policy of its own bus is no obstacle.
func (c *company) attackBus(from, to peering.Cell) {
	admin := eventbridge.NewFromConfig(c.admin(from))
	target := ebtypes.Target{
		Id: aws.String("t"), Arn: aws.String(arn("events", to, "event-bus/"+wiring.DefaultPrefix)),
		RoleArn: c.strangersRole(from),
	}
	c.withoutBusPolicy(from, func() {
		c.stranger(from, wiring.DefaultPrefix, message.Source, string(message.SideChecked), target)
		c.strangerOfCalls(from, target)
		for _, bus := range []string{"default", wiring.DefaultPrefix} {
			c.borrowed(from, bus, *target.Arn)
		}
		calls, messages := wiring.ForwardNames(to)
		c.misuse(from, "default", wiring.DefaultPrefix+"-"+calls, "stranger", "AWS API Call via CloudTrail")
		for _, lie := range [][2]string{{outcome.Source, string(message.SideChecked)},
			{message.Source, string(outcome.Accepted)}} {
			c.misuse(from, wiring.DefaultPrefix, wiring.DefaultPrefix+"-"+messages, lie[0], lie[1])
		}
	})
	_, err := admin.PutEvents(c.ctx, putEvents(*target.Arn, message.Source, string(message.SideChecked)))
	c.refused("a message without a rule", err)
}

// attackAsOtherCell sends from a cell without a peering, by the rule for denials, an event that is none, and a denial
// by another rule.
func (c *company) attackAsOtherCell(to peering.Cell) {
	target := ebtypes.Target{
		Id: aws.String("t"), Arn: aws.String(arn("events", to, "event-bus/"+wiring.DefaultPrefix)),
		RoleArn: c.strangersRole(three),
	}
	_, messages := wiring.ForwardNames(to)
	c.withoutBusPolicy(three, func() {
		c.stranger(three, wiring.DefaultPrefix, message.Source, string(message.SideChecked), target)
		for _, lie := range [][2]string{{outcome.Source, string(message.SideChecked)},
			{message.Source, string(message.CheckSide)}} {
			c.misuse(three, wiring.DefaultPrefix, wiring.DefaultPrefix+"-"+messages, lie[0], lie[1])
		}
	})
}

// attackOwnBus sends to the cell's own bus with a role of its account that may send to every bus, and by a rule with
// that role.
func (c *company) attackOwnBus(at peering.Cell) {
	role := c.strangersRole(at)
	key, _, err := c.Cloud.Assume("events.amazonaws.com", *role, "stranger")
	c.must("take on the role", err)
	client := eventbridge.NewFromConfig(local.Config(c.Cloud, at, key))
	bus := arn("events", at, "event-bus/"+wiring.DefaultPrefix)
	for _, lie := range [][2]string{{outcome.Source, string(outcome.Accepted)},
		{message.Source, string(message.SideChecked)}} {
		_, err := client.PutEvents(c.ctx, putEvents(bus, lie[0], lie[1]))
		c.refused("a role of the account that puts "+lie[1], err)
	}
	c.stranger(at, "default", message.Source, string(message.SideChecked), ebtypes.Target{
		Id: aws.String("own"), Arn: &bus, RoleArn: role,
	})
}

// withoutBusPolicy does something while the cell's bus has no policy.
func (c *company) withoutBusPolicy(at peering.Cell, do func()) {
	admin, name := eventbridge.NewFromConfig(c.admin(at)), aws.String(wiring.DefaultPrefix)
	bus, err := admin.DescribeEventBus(c.ctx, &eventbridge.DescribeEventBusInput{Name: name})
	c.must("read the bus's policy", err)
	_, err = admin.RemovePermission(c.ctx, &eventbridge.RemovePermissionInput{
		EventBusName: name, RemoveAllPermissions: true,
	})
	c.must("take the bus's policy away", err)
	do()
	_, err = admin.PutPermission(c.ctx, &eventbridge.PutPermissionInput{EventBusName: name, Policy: bus.Policy})
	c.must("give the bus its policy back", err)
}

// strangersRole adds a role that may send to every bus and trusts EventBridge for every rule.
func (c *company) strangersRole(at peering.Cell) *string {
	const (
		name  = "stranger"
		trust = `{"Statement":{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sts:AssumeRole"}}`
		send  = `{"Statement":{"Effect":"Allow","Action":"events:PutEvents","Resource":"*"}}`
	)
	c.must("add a role", c.Cloud.IAM.PutRole(string(at.Account), name, trust, send))
	return aws.String("arn:aws:iam::" + string(at.Account) + ":role/" + name)
}

// borrowed notices that EventBridge takes on autopeer's role for a rule that isn't autopeer's.
func (c *company) borrowed(at peering.Cell, bus, target string) {
	admin := eventbridge.NewFromConfig(c.admin(at))
	name, id := aws.String("borrower"), "t"
	c.put(admin, bus, *name, `{"source":["stranger"]}`)
	role := "arn:aws:iam::" + string(at.Account) + ":role/" + wiring.DefaultPrefix + "-forward-" + string(at.Region)
	_, err := admin.PutTargets(c.ctx, &eventbridge.PutTargetsInput{
		EventBusName: &bus, Rule: name, Targets: []ebtypes.Target{{Id: &id, Arn: &target, RoleArn: &role}},
	})
	c.must("put the target", err)
	_, err = admin.PutEvents(c.ctx, putEvents(bus, "stranger", "x"))
	c.must("put the event", err)
	c.stopped(*name, target, "sts:AssumeRole")
}

// stranger makes a rule of that name's own and sends an event by it.
func (c *company) stranger(at peering.Cell, bus, source, detailType string, target ebtypes.Target) {
	admin := eventbridge.NewFromConfig(c.admin(at))
	name := aws.String("stranger")
	c.put(admin, bus, *name, `{"source":["`+source+`"]}`)
	_, err := admin.PutTargets(c.ctx, &eventbridge.PutTargetsInput{
		EventBusName: &bus, Rule: name, Targets: []ebtypes.Target{target},
	})
	c.must("put the target", err)
	_, err = admin.PutEvents(c.ctx, putEvents(bus, source, detailType))
	c.must("put the event", err)
	c.stopped(*name, *target.Arn, "")
}

// strangerOfCalls does so with CloudTrail's events of EC2, which no account can put.
func (c *company) strangerOfCalls(at peering.Cell, target ebtypes.Target) {
	admin := eventbridge.NewFromConfig(c.admin(at))
	name := aws.String("stranger-of-calls")
	c.put(admin, "default", *name, `{"source":["aws.ec2"]}`)
	_, err := admin.PutTargets(c.ctx, &eventbridge.PutTargetsInput{Rule: name, Targets: []ebtypes.Target{target}})
	c.must("put the target", err)
	c.must("call EC2", tag(c, c.Person(c.ctx, at).EC2, string(c.unlisted[at].VPC.ID), "any"))
	c.stopped(*name, *target.Arn, "events:PutEvents")
	_, err = admin.RemoveTargets(c.ctx, &eventbridge.RemoveTargetsInput{Rule: name, Ids: []string{*target.Id}})
	c.must("remove the target", err)
}

// misuse gives a rule of autopeer another pattern, for an event that it isn't for.
func (c *company) misuse(at peering.Cell, bus, rule, source, detailType string) {
	admin := eventbridge.NewFromConfig(c.admin(at))
	c.put(admin, bus, rule, `{"source":["`+source+`"],"detail-type":["`+detailType+`"]}`)
	_, err := admin.PutEvents(c.ctx, putEvents(bus, source, detailType))
	c.must("put the event", err)
	c.stopped(rule, "event-bus/"+wiring.DefaultPrefix, "events:PutEvents")
}

func (c *company) put(admin *eventbridge.Client, bus, rule, pattern string) {
	_, err := admin.PutRule(c.ctx, &eventbridge.PutRuleInput{EventBusName: &bus, Name: &rule, EventPattern: &pattern})
	c.must("put rule "+rule, err)
}

// stopped notices an event that a rule could deliver, or that was stopped for lack of another permission than the
// action.
func (c *company) stopped(rule, target, action string) {
	c.must("settle", c.Cloud.Settle(c.ctx))
	for _, f := range c.undelivered() {
		if strings.HasSuffix(f.Rule, "/"+rule) && strings.HasSuffix(f.Target, target) && f.Code == "NO_PERMISSIONS" &&
			strings.Contains(f.Message, action) {
			return
		}
	}
	c.notice("%s sends to %s", rule, target)
}
