package queue_test

import (
	"testing"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim"
)

// TestTheOldestMessageIsOneReceivedLessThanThreeTimes checks ApproximateAgeOfOldestMessage, which leaves out messages
// that were received three times or more:
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
func TestTheOldestMessageIsOneReceivedLessThanThreeTimes(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, c *cloudsim.Cloud) {
		client := clientOf(c, owner)
		url := create(t, client, "jobs", map[string]string{"VisibilityTimeout": "10"})
		send(t, client, url, "old")
		for received, want := range []time.Duration{0, time.Minute, 2 * time.Minute, 0} {
			_, oldest := c.Queues.Backlog("arn:aws:sqs:" + region + ":" + owner + ":jobs")
			if oldest != want {
				t.Errorf("after %d receives the age is %s, want %s", received, oldest, want)
			}
			receive(t, client, url, 0)
			time.Sleep(time.Minute)
		}
	})
}
