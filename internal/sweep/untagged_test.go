package sweep_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestARuleThatLosesATag is announced at once, with the command that revokes it, and then once a day under the same id.
// It is left as it is, also when its connection ends: autopeer revokes no rule that it doesn't recognize. When a person
// has revoked it, it is made again.
func TestARuleThatLosesATag(t *testing.T) {
	for _, tag := range []string{peering.TagConnection, peering.TagManaged} {
		t.Run(tag, func(t *testing.T) {
			sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
				m, f := t.Company(one, two)
				pcx := t.Ask(m, f)
				t.Settle()
				connected := sandboxtest.Pinging(m, f, pcx)
				rules, err := t.Network(two).IngressRules(t.Ctx, pcx)
				t.Must(err)
				t.ByHand(two, func(p *lab.Person) { p.Untag(string(rules[0].ID), tag) })
				time.Sleep(time.Minute)
				lost := t.AnnouncedOnce(outcome.Failed, pcx)
				want := fmt.Sprintf(`in 222222222222: aws ec2 revoke-security-group-ingress --region eu-west-1 --group-id %s `+
					`--ip-permissions '[{"FromPort":-1,"IpProtocol":"icmp","IpRanges":[{"CidrIp":"10.10.0.0/16"}],"ToPort":-1}]'; `+
					`the next sweep adds the rule again if the policy allows it`, f.Group)
				if lost.Reason.Code != "untagged-rule" || lost.Next != want || lost.Accepter == nil {
					t.Errorf("announced %+v, want the next step %s", lost, want)
				}
				time.Sleep(25 * time.Hour)
				t.Holds(connected...)
				if n := len(t.Announced(outcome.Failed, pcx)); n < 2 || n > 3 {
					t.Errorf("announced %d times in 25 hours, want once a day", n)
				}
				t.AnnouncedOnce(outcome.Failed, pcx)

				t.ByHand(two, func(p *lab.Person) { p.Expel(f.Group, "icmp", -1, -1, "10.10.0.0/16") })
				time.Sleep(30 * time.Minute)
				t.Holds(connected...)
				t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
				t.Settle()
				t.Holds()
			})
		})
	}
}

// TestAForbiddenRuleThatLosesATag stays when its line leaves the policy, and is reported with the command until a
// person revokes it.
func TestAForbiddenRuleThatLosesATag(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		pcx := t.Ask(m, f)
		t.Settle()
		connected := sandboxtest.Pinging(m, f, pcx)
		rules, err := t.Network(two).IngressRules(t.Ctx, pcx)
		t.Must(err)
		t.ByHand(two, func(p *lab.Person) { p.Untag(string(rules[0].ID), peering.TagConnection) })
		policy, _, _ := strings.Cut(lab.PingPolicy(m, f, lab.Site{}), "    allow:")
		t.Redeploy(policy)
		time.Sleep(25 * time.Hour)
		t.Holds(connected...)
		lost := t.AnnouncedOnce(outcome.Failed, pcx)
		if lost.Reason.Code != "untagged-rule" ||
			!strings.Contains(lost.Next, "revoke-security-group-ingress --region eu-west-1 --group-id "+string(f.Group)) {
			t.Errorf("announced %+v, want the command that revokes the rule", lost)
		}
		t.ByHand(two, func(p *lab.Person) { p.Expel(f.Group, "icmp", -1, -1, "10.10.0.0/16") })
		n := len(t.Announced(outcome.Failed, pcx))
		time.Sleep(25 * time.Hour)
		t.Holds(sandbox.Connected(m, f, pcx)...)
		if again := len(t.Announced(outcome.Failed, pcx)); again != n {
			t.Errorf("announced %d times after the rule was revoked, want %d", again, n)
		}
	})
}

// TestARuleWithoutItsTagIsNotForgotten when EC2 has forgotten its connection, and the VPC has no other.
func TestARuleWithoutItsTagIsNotForgotten(t *testing.T) {
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, two)
		pcx := t.Ask(m, f)
		t.Settle()
		rules, err := t.Network(two).IngressRules(t.Ctx, pcx)
		t.Must(err)
		t.ByHand(two, func(p *lab.Person) { p.Untag(string(rules[0].ID), peering.TagConnection) })
		t.ByHand(one, func(p *lab.Person) { p.Delete(pcx) })
		time.Sleep(5 * 24 * time.Hour)
		before := len(t.Announced(outcome.Failed, pcx))
		time.Sleep(2 * 24 * time.Hour)
		if n := len(t.Announced(outcome.Failed, pcx)) - before; n != 2 {
			t.Errorf("announced %d times in two days, want once a day", n)
		}
	})
}
