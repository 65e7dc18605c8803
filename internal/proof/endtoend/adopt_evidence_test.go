package endtoend_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestTheLastEvidenceGoesLast: the policy forbids the rule that is the only evidence, and a route, while EC2 refuses to
// delete the route for a while. Without the tag the rule stays until then, also if it is on the other side, so that no
// consent is needed.
func TestTheLastEvidenceGoesLast(t *testing.T) {
	t.Parallel()
	for routes, accepter := range map[string]peering.Cell{
		"finance: { to: [10.10.1.0/24] }": near, "marketing: { to: [172.31.1.0/24] }": one,
	} {
		for _, tags := range []string{"tags: none", "dns: false"} {
			t.Run(routes+", "+tags, func(t *testing.T) {
				t.Parallel()
				sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
					m, f := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance)
					t.Policy(between(m, f, tags, lines(pingLine)))
					pcx := t.Ask(m, f)
					t.Settle()
					hold(t, accepter, pcx) // no tag is put back
					t.ByHand(accepter, func(p *lab.Person) { p.Untag(string(pcx), peering.TagManaged) })
					time.Sleep(time.Minute)
					defer t.Cloud.Inject(sandboxtest.Times(40, cloudsim.Failure{Code: "RequestLimitExceeded", Status: 503},
						func(c apicall.Call) bool {
							return c.Action == "DeleteRoute" && strings.Contains(c.ARN, "autopeer-connect")
						}))()
					t.Redeploy(between(m, f, tags, fmt.Sprintf("routes: { %s }", routes),
						lines(strings.Replace(pingLine, "finance-server", "none", 1))))
					time.Sleep(time.Hour)
					left, err := t.State(t.Ctx, t.Sites()...)
					t.Must(err)
					for _, gone := range []string{"admits icmp",
						map[peering.Cell]string{near: "10.10.0.0/16", one: "172.31.0.0/16"}[accepter]} {
						if strings.Contains(strings.Join(left, "\n"), gone) {
							t.Errorf("%q is left in %q", gone, left)
						}
					}
					if all := t.Announced(outcome.Proposed, pcx); len(all) > 0 {
						t.Errorf("announced %+v, want no proposal", all)
					}
				})
			})
		}
	}
}

// TestATagIsPutBackAsARepetition: with a rule as evidence the tag is put back, which is announced under the id of the
// connected side.
func TestATagIsPutBackAsARepetition(t *testing.T) {
	t.Parallel()
	sandboxtest.Run(t, nil, func(t *sandboxtest.T) {
		m, f := t.Company(one, near)
		pcx := t.Ask(m, f)
		t.Settle()
		mark := len(t.Announcements())
		t.ByHand(near, func(p *lab.Person) { p.Untag(string(pcx), peering.TagManaged) })
		time.Sleep(time.Hour)
		t.IsTagged(near, pcx, true)
		t.AnnouncedOnce(outcome.Connected, pcx)
		if all := t.Announcements()[mark:]; len(all) != 1 || all[0].Type != outcome.Connected {
			t.Errorf("announced %+v, want that the side is connected", all)
		}
	})
}
