package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/cfn"
	"github.com/autopeer/autopeer/internal/cloudsim/queue"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/domain/wiring"
)

// Serve serves the cloud on a port of 127.0.0.1 until stop is called; port 0 takes any that is free.
func Serve(ctx context.Context, cloud *cloudsim.Cloud, port int) (url string, stop func(), err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: cloud, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // ends when stop closes it
	}()
	return "http://" + listener.Addr().String(), func() {
		_ = server.Close()
		<-served
	}, nil
}

// Launch deploys all cells of the policy as AWS would have them: the CDK app's templates, with the policies of
// their roles enforced, and functions that are processes and call the cloud at the endpoint. The data is the policy
// file's. After an error the cells that it returns have been deployed; Close ends them after the cloud.
func Launch(ctx context.Context, cloud *cloudsim.Cloud, w *Workshop, endpoint string, p *policy.Policy, data []byte, watch Watch) ([]*Cell, error) {
	folder, err := w.Synthesize(ctx, p.File, data, nil)
	if err != nil {
		return nil, err
	}
	cloud.IAM.Enforce()
	stacks, err := deployStacks(ctx, cloud, folder, endpoint)
	var cells []*Cell
	for _, c := range p.Cells() {
		cells = append(cells, &Cell{
			naming: naming{c, wiring.DefaultPrefix}, Bus: stacks[wiring.BusStackName(wiring.DefaultPrefix, c)], Stack: stacks[wiring.StackName(wiring.DefaultPrefix, c)],
			Mappings: map[function.Name]*queue.Poller{}, DeadLetters: map[function.Name]string{},
		})
	}
	if err != nil {
		return cells, err
	}
	for _, cell := range cells {
		err := cell.findFunctions()
		if err == nil && watch != nil {
			err = cell.watchBus(ctx, cloud, watch)
		}
		if err != nil {
			return cells, fmt.Errorf("deploy %s: %w", cell.Cell, err)
		}
	}
	return cells, nil
}

// Update deploys another policy file to cells that Launch has deployed. It must have the same cells and EventBridge rules.
func Update(ctx context.Context, w *Workshop, file string, data []byte, cells []*Cell) error {
	folder, err := w.Synthesize(ctx, file, data, nil)
	if err != nil {
		return err
	}
	sources, err := cfn.ReadAssembly(folder)
	if err != nil {
		return err
	}
	stacks := map[string]*cfn.Stack{}
	for _, c := range cells {
		stacks[c.Bus.Name], stacks[c.Stack.Name] = c.Bus, c.Stack
	}
	if len(sources) != len(stacks) {
		return fmt.Errorf("%s has %d stacks, and %d are deployed", file, len(sources), len(stacks))
	}
	for _, source := range sources {
		stack := stacks[source.Name]
		if stack == nil {
			return fmt.Errorf("stack %s isn't deployed", source.Name)
		}
		if err := stack.Update(ctx, source); err != nil {
			return err
		}
	}
	return nil
}

// deployStacks deploys all stacks in the folder, each after those that it depends on. It returns them by name, after an
// error those that have been deployed, wholly or in part.
func deployStacks(ctx context.Context, cloud *cloudsim.Cloud, folder, endpoint string) (map[string]*cfn.Stack, error) {
	stacks := map[string]*cfn.Stack{}
	sources, err := cfn.ReadAssembly(folder)
	if err != nil {
		return stacks, err
	}
	for _, source := range sources {
		source.Endpoint = endpoint
		if stacks[source.Name], err = cfn.Deploy(ctx, cloud, source); err != nil {
			return stacks, err
		}
	}
	return stacks, nil
}

// findFunctions finds the mappings and the dead-letter queues of the functions in the cell's stack.
func (c *Cell) findFunctions() error {
	if c.Bus == nil || c.Stack == nil {
		return errors.New("a stack of the cell is missing")
	}
	for _, f := range function.All {
		c.Mappings[f] = c.Stack.Mappings[c.queue(f)]
		c.DeadLetters[f] = c.Stack.QueueURLs[c.queue(f)+"-dead-letters"]
		if c.Mappings[f] == nil || c.DeadLetters[f] == "" {
			return errors.New("stack " + c.Stack.Name + " has no mapping or no dead-letter queue for " + string(f))
		}
	}
	return nil
}

// Close ends the functions that are processes. The cloud that invokes them must be closed first.
func (c *Cell) Close() {
	if c.Stack != nil {
		c.Stack.Close()
	}
}
