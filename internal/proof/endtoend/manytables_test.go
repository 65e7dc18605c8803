package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestARemovalBehindManyFailingRoutes doesn't wait for them, although they are more than connect makes at once.
func TestARemovalBehindManyFailingRoutes(t *testing.T) {
	t.Parallel()
	nearAndFar(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		pcx := t.Ask(m, f)
		t.Settle()
		defer t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
			if c.Action != "CreateRoute" || !strings.Contains(c.ARN, "autopeer-connect") {
				return nil
			}
			return &cloudsim.Failure{Code: "InternalError"}
		})()
		manyTables(t, f)
		tags := map[string]string{peering.TagConnection: string(pcx), peering.TagManaged: "autopeer"}
		t.ByHand(accepter, func(p *lab.Person) { p.AdmitTagged(f.Group, "tcp", 22, 22, "10.10.0.0/16", tags) })
		time.Sleep(time.Hour)
		t.Holds(sandboxtest.Pinging(m, f, pcx)...)
	})
}

// manyTables adds more route tables to the site than a function changes at once.
func manyTables(t *sandboxtest.T, s lab.Site) {
	t.Helper()
	for range 60 {
		_, err := t.Person(t.Ctx, s.Cell).EC2.CreateRouteTable(t.Ctx,
			&ec2.CreateRouteTableInput{VpcId: aws.String(string(s.VPC.ID))})
		t.Must(err)
	}
}

// TestARevocationBehindManyRoutesThatStay doesn't wait for their deletions.
func TestARevocationBehindManyRoutesThatStay(t *testing.T) {
	t.Parallel()
	nearAndFar(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f := t.Company(one, accepter)
		manyTables(t, f)
		pcx := t.Ask(m, f)
		t.Settle()
		defer t.Cloud.Inject(func(c apicall.Call) *cloudsim.Failure {
			if c.Action != "DeleteRoute" || !strings.Contains(c.ARN, "autopeer-disconnect") {
				return nil
			}
			return &cloudsim.Failure{Code: "InternalError"}
		})()
		t.ByHand(accepter, func(p *lab.Person) { p.Delete(pcx) })
		time.Sleep(time.Hour)
		left, err := t.State(t.Ctx, f)
		t.Must(err)
		if strings.Contains(strings.Join(left, "\n"), "admits") {
			t.Errorf("left are %d routes and rules, with the rule", len(left))
		}
	})
}
