package main

import (
	"context"
	"fmt"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/cfn"
)

// stacks are the stacks of a server for CloudFormation's API.
type stacks struct{ *server }

// All returns the stacks of the cells and of the CDK.
func (s stacks) All() []*cfn.Stack { return s.launched.Stacks() }

// Update updates the stack, until the next deployment of the policy file. It prints an error, because the person who
// calls the API reads only that the stack was rolled back.
func (s stacks) Update(ctx context.Context, stack *cfn.Stack, source cfn.Source) error {
	err := stack.Update(ctx, source)
	if err != nil {
		fmt.Fprintf(s.errs, "%s  %v\n", time.Now().Format(time.TimeOnly), err)
	}
	return err
}
