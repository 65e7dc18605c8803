package local

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/cfn"
	"github.com/autopeer/autopeer/internal/cloudsim/queue"
	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
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

// Launched is the cells of a policy, deployed from the CDK app's templates. Its methods must not be called
// concurrently.
type Launched struct {
	cloud    *cloudsim.Cloud
	workshop *Workshop
	endpoint string
	watch    Watch
	policy   *policy.Policy // in force

	stacks  map[string]*cfn.Stack // by name
	sources map[string]cfn.Source // that are deployed, by the name of the stack
	cells   map[peering.Cell]*Cell

	toolkits map[peering.Cell]*cfn.Stack // of the CDK, deployed once
}

// SweepNow begins the sweeps after an update without the windows in which Lambda gathers messages, for the second that
// CloudFormation's events take at most.
func (l *Launched) SweepNow(ctx context.Context) {
	often := time.NewTicker(50 * time.Millisecond)
	defer often.Stop()
	for range 20 {
		select {
		case <-ctx.Done():
			return
		case <-often.C:
		}
		for _, c := range l.cells {
			l.cloud.Queues.EndWindows(c.SweepQueue())
		}
	}
}

// Launch deploys all cells of the policy as AWS would have them. It uses the CDK app's templates, with the policies of
// their roles enforced, and functions that are processes and call the cloud at the endpoint. The data is the policy
// file's. After an error the result has the cells that have been deployed; Close ends them after the cloud.
func Launch(ctx context.Context, cloud *cloudsim.Cloud, w *Workshop, endpoint string, p *policy.Policy, data []byte,
	watch Watch) (*Launched, error) {
	cloud.IAM.Enforce()
	l := &Launched{
		cloud: cloud, workshop: w, endpoint: endpoint, watch: watch, policy: &policy.Policy{},
		stacks: map[string]*cfn.Stack{}, sources: map[string]cfn.Source{}, cells: map[peering.Cell]*Cell{},
		toolkits: map[peering.Cell]*cfn.Stack{},
	}
	return l, l.Update(ctx, p, data)
}

// Update deploys another policy, as the CDK's command line does: it creates the stacks of new cells and updates the
// others. The stacks of cells that left the policy stay as they are. After an error the policy of before is in force
// again: unlike the CDK, Update also brings back the stacks that were updated before the one that failed.
func (l *Launched) Update(ctx context.Context, p *policy.Policy, data []byte) error {
	folder, err := l.workshop.Synthesize(ctx, p.File, data, nil)
	if err != nil {
		return err
	}
	sources, err := cfn.ReadAssembly(folder)
	if err != nil {
		return err
	}
	for i, source := range sources {
		source.Endpoint = l.endpoint
		err := l.bootstrap(ctx, source)
		if err == nil {
			err = l.deploy(ctx, source)
		}
		if err != nil {
			return errors.Join(err, l.restore(ctx, sources[:i]))
		}
	}
	for _, source := range sources {
		l.sources[source.Name] = source
	}
	l.policy = p
	return l.findCells(ctx)
}

// deploy creates the stack or updates it. Like the CDK's command line, it deletes a stack whose creation has failed, so
// that it can be created again.
func (l *Launched) deploy(ctx context.Context, source cfn.Source) error {
	if stack := l.stacks[source.Name]; stack != nil {
		return stack.Update(ctx, source)
	}
	stack, err := cfn.Deploy(ctx, l.cloud, source)
	if err != nil {
		stack.Close()
		return errors.Join(err, stack.Delete(ctx))
	}
	l.stacks[source.Name] = stack
	return nil
}

// restore brings back the stacks that the sources have replaced, and deletes the new ones.
func (l *Launched) restore(ctx context.Context, deployed []cfn.Source) error {
	var all []error
	for _, source := range deployed {
		if former, found := l.sources[source.Name]; found {
			all = append(all, l.stacks[source.Name].Update(ctx, former))
		}
	}
	for _, source := range slices.Backward(deployed) {
		if _, found := l.sources[source.Name]; !found {
			all = append(all, l.stacks[source.Name].Delete(ctx))
			l.stacks[source.Name].Close()
			delete(l.stacks, source.Name)
		}
	}
	return errors.Join(all...)
}

// findCells finds the parts of the policy's cells in their stacks, and watches the buses of new cells.
func (l *Launched) findCells(ctx context.Context) error {
	for _, c := range l.policy.Cells() {
		cell, found := l.cells[c]
		if !found {
			cell = &Cell{
				naming:   naming{c, wiring.DefaultPrefix},
				Mappings: map[function.Name]*queue.Poller{}, DeadLetters: map[function.Name]string{},
			}
		}
		cell.Bus = l.stacks[wiring.BusStackName(wiring.DefaultPrefix, c)]
		cell.Stack = l.stacks[wiring.StackName(wiring.DefaultPrefix, c)]
		err := cell.findFunctions()
		if err == nil && !found && l.watch != nil {
			err = cell.watchBus(ctx, l.cloud, l.watch)
		}
		if err != nil {
			return fmt.Errorf("deploy %s: %w", c, err)
		}
		l.cells[c] = cell
	}
	return nil
}

// Cells returns the cells of the policy in force, in its order.
func (l *Launched) Cells() []*Cell {
	var cells []*Cell
	for _, c := range l.policy.Cells() {
		if cell := l.cells[c]; cell != nil {
			cells = append(cells, cell)
		}
	}
	return cells
}

// Left returns the cells that are deployed, with the policy of before, and that the policy in force doesn't have,
// sorted.
func (l *Launched) Left() []peering.Cell {
	here := l.policy.Cells()
	left := slices.DeleteFunc(slices.Collect(maps.Keys(l.cells)), func(c peering.Cell) bool {
		return slices.Contains(here, c)
	})
	slices.SortFunc(left, func(a, b peering.Cell) int { return strings.Compare(a.String(), b.String()) })
	return left
}

// Close ends the functions of all stacks. The cloud that invokes them must be closed first.
func (l *Launched) Close() {
	for _, s := range l.stacks {
		s.Close()
	}
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
