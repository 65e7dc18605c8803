package checks

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
	"github.com/autopeer/autopeer/internal/domain/message"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/ledger"
	"github.com/autopeer/autopeer/internal/proof/simtest/oracle/plainpolicy"
	"github.com/autopeer/autopeer/internal/proof/simtest/report"
)

const request = "pcx-00000000000000001"

// arrive lets an event arrive at a target so many times.
func arrive(c *Checker, source, target string, detail any, times int) {
	data, err := json.Marshal(detail)
	if err != nil {
		panic(err)
	}
	e := events.Event{Source: source, Account: "111111111111", Region: "us-east-1", Detail: data}
	c.Delivered(events.Delivery{Stage: events.ToTarget, Target: target, Event: e}, times)
}

func TestMessagesHaveACause(t *testing.T) {
	t.Parallel()
	const (
		bus    = "arn:aws:events:us-east-1:222222222222:event-bus/autopeer"
		accept = "arn:aws:sqs:us-east-1:222222222222:autopeer-accept"
	)
	send := func(c *Checker, from, to int) {
		for i := from; i < to; i++ {
			arrive(c, message.Source, bus, message.Message{ID: fmt.Sprint(i), Connection: request}, 1)
		}
	}
	call := map[string]string{"vpcPeeringConnectionId": request}
	tests := []struct {
		name string
		play func(*Checker)
		fail bool
	}{
		{"eight messages", func(c *Checker) { send(c, 0, 8) }, false},
		{"nine messages", func(c *Checker) { send(c, 0, 9) }, true},
		{"nine messages of a request that two events woke up", func(c *Checker) {
			arrive(c, "aws.ec2", accept, call, 2)
			send(c, 0, 9)
		}, true},
		{"twelve messages of a request that three events woke up", func(c *Checker) {
			arrive(c, "aws.ec2", accept, call, 3)
			send(c, 0, 12)
		}, false},
		{"thirteen messages of a request that three events woke up", func(c *Checker) {
			arrive(c, "aws.ec2", accept, call, 3)
			send(c, 0, 13)
		}, true},
		{"events that get lost are no causes", func(c *Checker) {
			arrive(c, "aws.ec2", accept, call, 2)
			arrive(c, "aws.ec2", accept, call, 0)
			arrive(c, message.Source, accept, message.Message{Connection: request}, 0)
			send(c, 0, 9)
		}, true},
		{"the first delivery of a message is no cause", func(c *Checker) {
			arrive(c, "aws.ec2", accept, call, 2)
			arrive(c, message.Source, accept, message.Message{Connection: request}, 1)
			send(c, 0, 9)
		}, true},
		{"the second delivery of a message is a cause", func(c *Checker) {
			arrive(c, "aws.ec2", accept, call, 2)
			arrive(c, message.Source, accept, message.Message{Connection: request}, 2)
			send(c, 0, 12)
		}, false},
		{"disconnect causes no messages", func(c *Checker) {
			arrive(c, "aws.ec2", "arn:aws:sqs:us-east-1:222222222222:autopeer-disconnect", call, 3)
			send(c, 0, 9)
		}, true},
		{"sixty messages in a minute", func(c *Checker) { arrive(c, "aws.ec2", accept, call, 99); send(c, 0, flood) }, false},
		{"sixty-one messages in a minute, all with a cause", func(c *Checker) {
			arrive(c, "aws.ec2", accept, call, 99)
			send(c, 0, flood+1)
		}, true},
		{"a message that is sent twice counts once", func(c *Checker) { send(c, 0, 8); send(c, 0, 8) }, false},
		{"a deployment causes no messages about a request that is yet to be made", func(c *Checker) {
			c.Enter(ledger.Deployment(time.Now(), &plainpolicy.Policy{}))
			send(c, 0, 9)
		}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := report.New(1)
			tt.play(New(r, ec2.Options{}))
			if f := r.Failure(); (f != nil) != tt.fail {
				t.Errorf("failure %v, want one: %v", f, tt.fail)
			}
		})
	}
}

func TestCellOfQueue(t *testing.T) {
	t.Parallel()
	want := peering.Cell{Account: "222222222222", Region: "eu-west-1"}
	if got := cellOfQueue("arn:aws:sqs:eu-west-1:222222222222:autopeer-sweep"); got != want {
		t.Errorf("cellOfQueue() = %v, want %v", got, want)
	}
}
