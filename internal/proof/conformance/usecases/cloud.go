package usecases

import (
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/proof/conformance/emulator"
)

// cloud is an imitation of AWS, reached over HTTP with the real SDK.
type cloud struct {
	name        string
	url         string
	calls       *callLog
	credentials func(context.Context, peering.Cell) (aws.CredentialsProvider, error)
	close       func()
}

// config is the SDK's configuration for the cell's account. Nothing is retried: an emulator's error is its answer.
func (c *cloud) config(ctx context.Context, cell peering.Cell) (aws.Config, error) {
	who, err := c.credentials(ctx, cell)
	if err != nil {
		return aws.Config{}, fmt.Errorf("be %s on %s: %w", cell, c.name, err)
	}
	return aws.Config{
		Region: string(cell.Region), Credentials: who, BaseEndpoint: &c.url,
		HTTPClient: &http.Client{Transport: c.calls},
		Retryer:    func() aws.Retryer { return aws.NopRetryer{} },
	}, nil
}

// embedded returns the embedded cloud where everything happens at once, behind a socket.
func embedded(ctx context.Context) (*cloud, error) {
	sim := cloudsim.New(cloudsim.Options{EC2: func(trail apicall.Trail) http.Handler {
		return ec2.New(ec2.Options{Seed: 1, Trail: trail})
	}})
	url, stop, err := local.Serve(ctx, sim, 0)
	if err != nil {
		return nil, err
	}
	return &cloud{
		name: "the embedded cloud", url: url, calls: &callLog{next: emulator.Transport{}},
		credentials: func(_ context.Context, cell peering.Cell) (aws.CredentialsProvider, error) {
			return credentials.NewStaticCredentialsProvider(string(cell.Account), "any", ""), nil
		},
		close: func() {
			sim.Close()
			stop()
		},
	}, nil
}

// moto returns a function that removes an earlier scenario from moto, with all credentials, and enters it.
func moto(url string, m *replacements) func(context.Context) (*cloud, error) {
	return func(ctx context.Context) (*cloud, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/moto-api/reset", http.NoBody)
		if err != nil {
			return nil, err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return nil, fmt.Errorf("empty moto: %w", err)
		}
		c := &cloud{name: "moto", url: url, calls: &callLog{next: replacing{emulator.Transport{}, m}}, close: func() {}}
		c.credentials = c.assumeRole
		return c, response.Body.Close()
	}
}

// assumeRole is how one gets into another account on moto: any role of it will do.
func (c *cloud) assumeRole(ctx context.Context, cell peering.Cell) (aws.CredentialsProvider, error) {
	client := sts.New(sts.Options{
		Region: string(cell.Region), BaseEndpoint: &c.url,
		Credentials: credentials.NewStaticCredentialsProvider("any", "any", ""),
	})
	out, err := client.AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn:         aws.String("arn:aws:iam::" + string(cell.Account) + ":role/conformance"),
		RoleSessionName: aws.String("conformance"),
	})
	if err != nil {
		return nil, err
	}
	return credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey,
		*out.Credentials.SessionToken), nil
}
