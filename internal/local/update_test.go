package local_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/sandbox"
)

var three = peering.Cell{Account: "333333333333", Region: "us-east-1"}

// deployedIn reports whether the cell has autopeer's bus.
func deployedIn(t *testing.T, b *sandbox.Sandbox, cell peering.Cell) bool {
	t.Helper()
	client := eventbridge.NewFromConfig(local.Config(b.Cloud, cell, string(cell.Account)))
	out, err := client.ListEventBuses(t.Context(), &eventbridge.ListEventBusesInput{NamePrefix: aws.String("autopeer")})
	if err != nil {
		t.Fatal(err)
	}
	return len(out.EventBuses) > 0
}

// eventually waits until the condition holds. It doesn't wait for the retries of a cell that received an event of two
// other cells.
func eventually(t *testing.T, condition string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never holds that %s", condition)
		}
	}
}

// TestUpdate: an update that fails in a new cell leaves the policy of before in force in all cells, and the next one
// deploys the cell while messages wait. A cell that leaves the policy stays deployed.
func TestUpdate(t *testing.T) {
	t.Parallel()
	b, m, f := launched(t)
	p := b.Person(t.Context(), three)
	d := lab.Developer(p)
	if p.Err() != nil {
		t.Fatal(p.Err())
	}
	queues := sqs.NewFromConfig(local.Config(b.Cloud, three, string(three.Account)))
	inTheWay, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{
		QueueName: aws.String("autopeer-sweep"), Attributes: map[string]string{"VisibilityTimeout": "77"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Update(t.Context(), lab.PingPolicy(m, f, d)); err == nil ||
		!strings.Contains(err.Error(), "QueueNameExists") {
		t.Fatalf("error = %v, want the queue that is in the way", err)
	}
	if deployedIn(t, b, three) || len(b.Cells) != 2 {
		t.Error("the new cell is left behind")
	}
	denied, connected := p.Ask(d, f, ""), b.Person(t.Context(), m.Cell).Ask(m, f, "")
	rest(t, b)
	if got := b.Announced(outcome.Accepted, denied); len(got) > 0 {
		t.Errorf("the policy that failed is in force: %+v", got)
	}
	want := append(sandbox.Connected(m, f, connected), sandbox.Admits(f.Group, "icmp", m))
	slices.Sort(want)
	if got, err := b.State(t.Context(), m, f); err != nil || !slices.Equal(got, want) {
		t.Errorf("routes and rules are %v, %v; want %v", got, err, want)
	}

	if _, err := queues.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: inTheWay.QueueUrl}); err != nil {
		t.Fatal(err)
	}
	// as a minute later
	b.Cloud.Queues.FreeName("arn:aws:sqs:" + string(three.Region) + ":" + string(three.Account) + ":autopeer-sweep")
	release := local.Hold(b.Cells, function.Disconnect)
	b.Person(t.Context(), m.Cell).Delete(connected)
	p.Delete(denied)
	rest(t, b)
	if err := b.Update(t.Context(), lab.PingPolicy(m, f, d)); err != nil {
		t.Fatal(err)
	}
	release()
	eventually(t, "the messages of before the update are processed", func() bool {
		got, err := b.State(t.Context(), m, f)
		return err == nil && len(got) == 0
	})
	allowed := p.Ask(d, f, "")
	if p.Err() != nil || len(b.Cells) != 3 {
		t.Fatalf("%d cells, %v; want 3", len(b.Cells), p.Err())
	}
	eventually(t, "both sides are connected", func() bool {
		sides := map[peering.Cell]bool{}
		for _, o := range b.Announced(outcome.Connected, allowed) {
			sides[o.Cell] = true
		}
		return len(sides) == 2
	})

	if err := b.Update(t.Context(), lab.PingPolicy(m, f, lab.Site{})); err != nil {
		t.Fatal(err)
	}
	if !deployedIn(t, b, three) || len(b.Cells) != 2 {
		t.Error("the cell that has left the policy isn't deployed any more")
	}
}
