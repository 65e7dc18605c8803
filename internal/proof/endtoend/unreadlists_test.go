package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestAProposalBesideAListThatCannotBeRead is announced in spite of the missing permission: the routes that people made
// wait for a person's consent, and not for the list.
func TestAProposalBesideAListThatCannotBeRead(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		t.ByHand(accepter, func(p *lab.Person) {
			p.ToInternet(f.VPC, f.Table)
			p.RouteListToGateway(f.VPC, f.Table, "192.0.2.0/24")
		})
		defer failsToRead(t, "UnauthorizedOperation")()
		pcx, _ := handMade(t, m, f)
		t.ByHand(accepter, func(p *lab.Person) { p.RouteTo(f.Table, "192.168.0.0/24", pcx) })
		time.Sleep(time.Hour)
		o := waiting(t, pcx, 0)[peering.Accepter]
		if len(o.Removals) == 0 || !strings.Contains(o.Reason.Sentence, "until autopeer can read the prefix lists") {
			t.Errorf("proposed %+v, want the removals and the wait for the list", o)
		}
	})
}

// TestAListThatCannotBeReadAnyMoreEndsNoObstacle: a conflict with one of its blocks lasts, and its end is announced to
// neither owner before the list is read again. That holds for a side that is repaired meanwhile as well.
func TestAListThatCannotBeReadAnyMoreEndsNoObstacle(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"UnauthorizedOperation", "InvalidPrefixListID.NotFound", "InternalError"} {
		for name, repaired := range map[string]bool{code: false, code + " beside a repair": true} {
			t.Run(name, func(t *testing.T) {
				betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) { notReadAnyMore(t, accepter, code, repaired) })
			})
		}
	}
}

func notReadAnyMore(t *sandboxtest.T, accepter peering.Cell, code string, repaired bool) {
	m, f := t.Company(one, accepter)
	pcx := t.Ask(m, f)
	t.Settle()
	var list peering.PrefixListID
	t.ByHand(accepter, func(p *lab.Person) {
		p.ToInternet(f.VPC, f.Table)
		list = p.RouteListToGateway(f.VPC, f.Table, "10.10.9.0/24")
	})
	time.Sleep(time.Hour)
	t.AnnouncedOnce(outcome.Conflicting, pcx)
	end := failsToRead(t, code)
	if repaired {
		t.ByHand(accepter, func(p *lab.Person) { p.Expel(f.Group, "icmp", -1, -1, "10.10.0.0/16") })
	}
	time.Sleep(3 * time.Hour)
	if ends := endsOf(t, pcx); ends != "" {
		t.Errorf("announced %q, although the conflict lasts", ends)
	}
	end()
	time.Sleep(time.Hour)
	_, err := t.Person(t.Ctx, accepter).EC2.DeleteRoute(t.Ctx, &ec2.DeleteRouteInput{
		RouteTableId: aws.String(string(f.Table)), DestinationPrefixListId: aws.String(string(list)),
	})
	t.Must(err)
	time.Sleep(time.Hour)
	if ends := endsOf(t, pcx); !strings.Contains(ends, "complete") || !strings.Contains(ends, "accepter") {
		t.Errorf("announced %q, want the end of the conflict to both owners", ends)
	}
}

// endsOf returns the sides and codes of the announcements that an obstacle of the connection has ended.
func endsOf(t *sandboxtest.T, pcx peering.ConnectionID) (ends string) {
	for _, o := range t.Announced(outcome.Connected, pcx) {
		if !o.FoundAt.IsZero() {
			ends += string(o.Side) + " " + o.Reason.Code + ", "
		}
	}
	return ends
}

// TestASweepThatCannotReadAListRepeatsNoReminder: the redeliveries of its message look for the list alone. Few of them
// are handled together with a message that asks for more.
func TestASweepThatCannotReadAListRepeatsNoReminder(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f, d := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance), t.Build(accepter, lab.Developer)
		t.Policy(company(m, f, d) + entry("marketing", "finance", ping) + entry("marketing", "developer", "dns: false"))
		t.ByHand(accepter, func(p *lab.Person) {
			p.ToInternet(d.VPC, d.Table)
			p.RouteListToGateway(d.VPC, d.Table, "192.0.2.0/24")
		})
		pcx := t.Ask(m, f)
		t.Ask(m, d)
		t.Settle()
		toServer(t, f, quarantined)
		time.Sleep(time.Hour)
		inThreeHours := func() int {
			before := len(t.Announced(outcome.Conflicting, pcx))
			time.Sleep(3 * time.Hour)
			return len(t.Announced(outcome.Conflicting, pcx)) - before
		}
		usual := inThreeHours()
		defer failsToRead(t, "UnauthorizedOperation")()
		t.ByHand(accepter, func(p *lab.Person) { p.DeleteRoute(d.Table, "10.10.0.0/16") })
		if n := inThreeHours(); usual == 0 || n > usual*3/2 {
			t.Errorf("the conflict is announced %d times in three hours, want about %d as usual", n, usual)
		}
		if n, err := t.DeadLetters(t.Ctx); err != nil || n == 0 {
			t.Errorf("%d messages rest in dead-letter queues, %v, want those of the sweeps", n, err)
		}
		t.NoSweeps()
		time.Sleep(time.Hour)
		for range 2 {
			before := len(t.Announced(outcome.Conflicting, pcx))
			t.Must(t.Deliver(t.Ctx, accepter, function.Sweep,
				`{"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}`))
			time.Sleep(time.Minute)
			if n := len(t.Announced(outcome.Conflicting, pcx)) - before; n == 0 {
				t.Error("a sweep that a person started announces nothing, want the conflict")
			}
		}
	})
}

// TestAThrottledReadOfAGatewayEndpointsList is no missing permission, although a service control policy denies the
// other call that reads the list: the announcement waits, and has no note about the list.
func TestAThrottledReadOfAGatewayEndpointsList(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		_, err := t.Person(t.Ctx, accepter).EC2.CreateVpcEndpoint(t.Ctx, &ec2.CreateVpcEndpointInput{
			VpcId: aws.String(string(f.VPC.ID)), VpcEndpointType: types.VpcEndpointTypeGateway,
			ServiceName:   aws.String("com.amazonaws." + string(accepter.Region) + ".s3"),
			RouteTableIds: []string{string(f.Table)},
		})
		t.Must(err)
		pcx := t.Ask(m, f)
		t.Settle()
		defer failsToRead(t, "UnauthorizedOperation")()
		end := t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
			if c.Action != "DescribePrefixLists" || !strings.Contains(c.ARN, "autopeer-") {
				return nil
			}
			return &cloudsim.Failure{Code: "InternalError"}
		})
		seen := len(t.Announcements())
		t.ByHand(accepter, func(p *lab.Person) { p.Expel(f.Group, "icmp", -1, -1, "10.10.0.0/16") })
		time.Sleep(5 * time.Minute)
		end()
		time.Sleep(time.Hour)
		t.AnnouncedOnce(outcome.Repaired, pcx)
		for _, o := range t.Announcements()[seen:] {
			if len(o.Notes) > 0 {
				t.Errorf("announced the notes %q, want none", o.Notes)
			}
		}
	})
}
