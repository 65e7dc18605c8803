package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// cleanup limits the time that autopeer gets to remove its routes and rules after the deletion of a connection.
const cleanup = 30 * time.Second

// disconnect deletes the peering connections of the lab's VPCs with the AWS CLI, because EC2 deletes no VPC with an
// active connection, and waits for autopeer to remove its routes and rules. The CLI's credentials are those of one
// account, which sees the connections of its own VPCs only: a lab in several accounts needs one run in each.
func (o outputs) disconnect(ctx context.Context, out io.Writer, wait time.Duration) error {
	deleted := 0
	for _, d := range standard {
		stack, found := o[d.name]
		if !found {
			continue
		}
		ids, err := connections(ctx, stack)
		if err != nil {
			return err
		}
		for _, id := range ids {
			_, err := cli(ctx, stack.Region, "ec2", "delete-vpc-peering-connection", "--vpc-peering-connection-id", id)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "deleted %s of %s\n", id, d.name)
			deleted++
		}
	}
	if err := o.empty(ctx, out); err != nil || deleted == 0 {
		return err
	}
	fmt.Fprintf(out, "waiting %s for autopeer to remove its routes and rules\n", wait)
	select {
	case <-time.After(wait):
	case <-ctx.Done():
	}
	return ctx.Err()
}

// empty deletes the reports: CloudFormation deletes no bucket with objects.
func (o outputs) empty(ctx context.Context, out io.Writer) error {
	for _, d := range standard {
		stack := o[d.name]
		if stack.BucketName == "" {
			continue
		}
		data, err := cli(ctx, stack.Region, "s3", "rm", "--recursive", "s3://"+stack.BucketName)
		if err != nil {
			return fmt.Errorf("delete the reports as a principal of labAdministrators: %w", err)
		}
		_, _ = out.Write(data) // progress for people
	}
	return nil
}

// connections lists the living connections with the stack's VPC as the requester or the accepter.
func connections(ctx context.Context, stack stackOutputs) ([]string, error) {
	var all []string
	for _, end := range []string{"requester", "accepter"} {
		data, err := cli(ctx, stack.Region, "ec2", "describe-vpc-peering-connections", "--filters",
			"Name="+end+"-vpc-info.vpc-id,Values="+stack.VPC, "Name=status-code,Values=active,pending-acceptance,provisioning",
			"--query", "VpcPeeringConnections[].VpcPeeringConnectionId", "--output", "json")
		if err != nil {
			return nil, err
		}
		var ids []string
		if err := json.Unmarshal(data, &ids); err != nil {
			return nil, fmt.Errorf("read the connections of %s: %w", stack.VPC, err)
		}
		all = append(all, ids...)
	}
	return all, nil
}

// cli runs the AWS CLI, or the one that the variable AWS_CLI names.
func cli(ctx context.Context, region string, args ...string) ([]byte, error) {
	name := "aws"
	if named := os.Getenv("AWS_CLI"); named != "" {
		name = named
	}
	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, name, append(args, "--region", region)...)
	cmd.Stderr = &stderr
	data, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("aws %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return data, nil
}
