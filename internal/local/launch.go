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

// Launch deploys all cells of the policy as AWS would have them: the CDK app's templates, with the policies of
// their roles enforced, and functions that are processes and call the cloud at the endpoint. The data is the policy
// file's. After an error the cells that it returns have been deployed; Close ends them after the cloud.
func Launch(ctx context.Context, cloud *cloudsim.Cloud, w *Workshop, endpoint string, p *policy.Policy, data []byte, watch Watch) ([]*Cell, error) {
	folder, err := w.Synthesize(ctx, p.File, data)
	if err != nil {
		return nil, err
	}
	cloud.IAM.Enforce()
	var cells []*Cell
	for _, c := range p.Cells() {
		cell, err := launch(ctx, cloud, folder, endpoint, c)
		cells = append(cells, cell)
		if err == nil && watch != nil {
			err = cell.watchBus(ctx, cloud, watch)
		}
		if err != nil {
			return cells, fmt.Errorf("deploy %s: %w", c, err)
		}
	}
	return cells, nil
}

// launch makes one stack, and says which of its parts are the functions'.
func launch(ctx context.Context, cloud *cloudsim.Cloud, folder, endpoint string, c peering.Cell) (*Cell, error) {
	cell := &Cell{naming: naming{c, wiring.DefaultPrefix}, Mappings: map[function.Name]*queue.Poller{}, DeadLetters: map[function.Name]string{}}
	name := wiring.StackName(wiring.DefaultPrefix, c)
	source, err := cfn.Read(folder, name, string(c.Account), string(c.Region))
	if err != nil {
		return cell, err
	}
	source.Endpoint = endpoint
	if cell.Stack, err = cfn.Deploy(ctx, cloud, source); err != nil {
		return cell, err
	}
	for _, f := range function.All {
		cell.Mappings[f] = cell.Stack.Mappings[cell.queue(f)]
		cell.DeadLetters[f] = cell.Stack.QueueURLs[cell.queue(f)+"-dead-letters"]
		if cell.Mappings[f] == nil || cell.DeadLetters[f] == "" {
			return cell, errors.New("stack " + name + " has no mapping or no dead-letter queue for " + string(f))
		}
	}
	return cell, nil
}

// Close ends the functions that are processes. The cloud that invokes them must be closed first.
func (c *Cell) Close() {
	if c.Stack != nil {
		c.Stack.Close()
	}
}
