package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/wiring"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/local"
)

// Event returns CloudTrail's event of a call as EventBridge delivers it, for real calls and forgeries. It names the
// sites where the real event names them: in requests and acceptances.
func Event(name string, at peering.Cell, id peering.ConnectionID, requester, accepter lab.Site) string {
	response := map[string]any{"_return": true}
	if requester.VPC.ID != "" {
		response = map[string]any{"vpcPeeringConnection": map[string]any{
			"vpcPeeringConnectionId": id, "requesterVpcInfo": vpcInfo(requester), "accepterVpcInfo": vpcInfo(accepter),
		}}
	}
	now := time.Now().UTC().Format(time.RFC3339)
	event, _ := json.Marshal(map[string]any{ // maps of strings can always be encoded
		"version": "0", "id": "00000000-0000-4000-8000-000000000000", "detail-type": "AWS API Call via CloudTrail",
		"source":  "aws.ec2",
		"account": at.Account, "region": at.Region, "time": now, "resources": []string{},
		"detail": map[string]any{
			"eventVersion": "1.11", "eventSource": "ec2.amazonaws.com", "eventName": name, "eventTime": now,
			"awsRegion":         at.Region,
			"requestParameters": map[string]any{"vpcPeeringConnectionId": id}, "responseElements": response,
			"eventID": "forged-or-repeated",
		},
	})
	return string(event)
}

func vpcInfo(s lab.Site) map[string]any {
	return map[string]any{"ownerId": s.Cell.Account, "region": s.Cell.Region, "vpcId": s.VPC.ID}
}

// Deliver puts an event straight into a function's queue.
func (s *Sandbox) Deliver(ctx context.Context, cell peering.Cell, f function.Name, event string) error {
	client := sqs.NewFromConfig(local.Config(s.Cloud, cell, string(cell.Account)))
	url, err := client.GetQueueUrl(ctx,
		&sqs.GetQueueUrlInput{QueueName: aws.String(wiring.DefaultPrefix + "-" + string(f))})
	if err != nil {
		return err
	}
	_, err = client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url.QueueUrl, MessageBody: aws.String(event)})
	return err
}

// DeadLetters counts the messages in the dead-letter queues of all cells.
func (s *Sandbox) DeadLetters(ctx context.Context) (int, error) {
	total := 0
	for _, c := range s.Cells {
		client := sqs.NewFromConfig(local.Config(s.Cloud, c.Cell, string(c.Account)))
		for _, url := range c.DeadLetters {
			out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
				QueueUrl:       aws.String(url),
				AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages},
			})
			if err != nil {
				return 0, err
			}
			var n int
			if _, err := fmt.Sscan(out.Attributes[string(types.QueueAttributeNameApproximateNumberOfMessages)], &n); err != nil {
				return 0, err
			}
			total += n
		}
	}
	return total, nil
}
