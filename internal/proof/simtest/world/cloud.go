package world

import (
	"fmt"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/proof/simtest/random"
	"github.com/autopeer/autopeer/internal/sandbox"
)

// Cloud is an empty sandbox whose EC2 behaves as was drawn.
type Cloud struct {
	*sandbox.Sandbox
	Options ec2.Options
	FateOf  func(deployed time.Time) local.Fate // of the functions that are deployed at an instant
	ids     *ids
}

// NewCloud draws EC2's options and returns a cloud with them. Options that are drawn by their names don't change the
// other draws of a seed.
func NewCloud(d random.Source, named *random.ByName) *Cloud {
	c := &Cloud{ids: &ids{made: map[string]int{}}}
	c.Sandbox = sandbox.New(func(o *ec2.Options) {
		o.NewID = c.ids.next
		drawEC2(d, o)
		o.Switches.DeletedWithoutTags = named.Always("DeletedWithoutTags").Chance(50)
		c.Options = *o
	})
	return c
}

// drawEC2 draws the delays, quotas and switches of EC2.
func drawEC2(d random.Source, o *ec2.Options) {
	o.Throttle = d.Chance(20)
	if d.Chance(20) {
		o.PageSize = random.Pick(d, 1, 2, 5)
	}
	// Mostly shorter than an event takes: autopeer retries reads of resources that don't exist yet.
	soon := 40 * time.Millisecond
	o.Delays = ec2.Delays{
		Initiating:   d.Duration(time.Millisecond, random.Pick(d, soon, soon, soon, time.Second)),
		Provisioning: d.Duration(time.Millisecond, random.Pick(d, soon, soon, soon, 10*time.Second)),
		Deleting:     d.Duration(time.Millisecond, random.Pick(d, soon, 20*time.Second)),
	}
	if d.Chance(20) {
		o.Delays.Propagation = d.Duration(time.Second, 20*time.Second)
	}
	if d.Chance(20) {
		o.Quotas = ec2.Quotas{
			RoutesPerTable: random.Pick(d, 0, 6), RulesPerGroup: random.Pick(d, 0, 4),
			ActivePeeringsPerVPC: random.Pick(d, 0, 1, 2),
		}
	}
	o.Switches = ec2.Switches{
		AcceptTwice: d.Chance(50), RouteTwice: d.Chance(50), RemoteOptions: d.Chance(50), DeletingEverywhere: d.Chance(50),
		// PartialAuthorize stays off, because no record has the rules that it leaves behind.
	}
}

// ids makes the ids of resources, which count from one by prefix. The next VPC gets the wanted id if there is one, so
// that VPCs of two accounts have the same.
type ids struct {
	made   map[string]int
	wanted string
}

func (i *ids) next(prefix string) string {
	if prefix == "vpc-" && i.wanted != "" {
		id := i.wanted
		i.wanted = ""
		return id
	}
	i.made[prefix]++
	return fmt.Sprintf("%s%017x", prefix, i.made[prefix])
}
