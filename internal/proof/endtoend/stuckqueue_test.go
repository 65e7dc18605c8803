package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/sandbox/sandboxtest"
)

// TestAQueueThatTakesNoMessage keeps no removal from being sent at once to the queue of another function.
func TestAQueueThatTakesNoMessage(t *testing.T) {
	t.Parallel()
	betweenAccounts(t, func(t *sandboxtest.T, accepter peering.Cell) {
		m, f, d := t.Build(one, lab.Marketing), t.Build(accepter, lab.Finance), t.Build(accepter, lab.Developer)
		t.Policy(company(m, f, d) + entry("marketing", "finance", ping) + entry("marketing", "developer", "dns: false"))
		toServer(t, d, "10.10.9.0/24")
		pcx := t.Ask(m, f)
		waits := t.Ask(m, d)
		t.Settle()
		t.InState(one, waits, peering.PendingAcceptance)
		t.DropCalls()
		queues := sqs.NewFromConfig(local.Config(t.Cloud, one, string(one.Account)))
		found, err := queues.GetQueueUrl(t.Ctx, &sqs.GetQueueUrlInput{QueueName: aws.String("autopeer-accept")})
		t.Must(err)
		_, err = queues.DeleteQueue(t.Ctx, &sqs.DeleteQueueInput{QueueUrl: found.QueueUrl})
		t.Must(err)
		t.ByHand(one, func(p *lab.Person) { p.RouteTo(m.Table, "192.168.0.0/24", pcx) })
		time.Sleep(17 * time.Minute) // the next sweep, without its second look
		left, err := t.State(t.Ctx, m)
		t.Must(err)
		if strings.Contains(strings.Join(left, "\n"), "192.168.0.0/24") {
			t.Errorf("left is %q, want no route to 192.168.0.0/24", left)
		}
	})
}
