package cloudsim_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	ec2sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/cloudsim/queue"
)

// recorder is a function that keeps its payloads.
type recorder struct{ payloads chan string }

func (r recorder) Invoke(_ context.Context, payload []byte) ([]byte, error) {
	r.payloads <- string(payload)
	return nil, nil
}

func TestCallToEC2ReachesAFunctionAsCloudTrailsEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := cloudsim.New(cloudsim.Options{
			EC2: func(trail apicall.Trail) http.Handler { return ec2.New(ec2.Options{Trail: trail, Seed: 1}) },
		})
		defer c.Close()
		client := sqsClient(c)
		_, err := client.CreateQueue(t.Context(),
			&sqs.CreateQueueInput{QueueName: aws.String("jobs"), Attributes: map[string]string{
				"Policy": `{"Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},` +
					`"Action":"sqs:SendMessage","Resource":"` + jobsARN + `"}]}`,
			}})
		check(t, err)
		key := credentials.NewStaticCredentialsProvider(account, "any", "")
		bridge := eventbridge.New(eventbridge.Options{
			Region: region, Credentials: key, HTTPClient: &http.Client{Transport: c},
		})
		_, err = bridge.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: aws.String("calls"), EventPattern: aws.String(
			`{"source":["aws.ec2"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventName":["CreateVpc"],` +
				`"errorCode":[{"exists":false}]}}`)})
		check(t, err)
		_, err = bridge.PutTargets(t.Context(), &eventbridge.PutTargetsInput{
			Rule: aws.String("calls"), Targets: []ebtypes.Target{{Id: aws.String("q"), Arn: aws.String(jobsARN)}},
		})
		check(t, err)
		f := recorder{make(chan string, 10)}
		_, err = c.Queues.Map(jobsARN, queue.Mapping{}, f)
		check(t, err)

		vpcs := ec2sdk.New(ec2sdk.Options{
			Region: region, Credentials: key, HTTPClient: &http.Client{Transport: c}, Retryer: aws.NopRetryer{},
		})
		made, err := vpcs.CreateVpc(t.Context(), &ec2sdk.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
		check(t, err)
		_, err = vpcs.CreateVpc(t.Context(), &ec2sdk.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/8")})
		if got := code(err); got == "" {
			t.Errorf("CreateVpc with a block that is too large = %v, want a refusal", err)
		}
		check(t, c.Settle(t.Context()))
		if n := len(f.payloads); n != 1 {
			t.Fatalf("%d invocations, want one, for the call that succeeded", n)
		}
		if payload := <-f.payloads; !strings.Contains(payload, *made.Vpc.VpcId) {
			t.Errorf("payload = %s, want %s in it", payload, *made.Vpc.VpcId)
		}
	})
}
