// Package rush requests many peering connections within a minute from cells that are deployed as on AWS, and checks the
// result. It plays on the real clock.
package rush

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/lab"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/sandbox"
)

// Size has the number of requests, which is at most the number of pairs of VPCs between every two departments. There
// are at most 20 departments, each a cell, with at most 16 VPCs each.
type Size struct {
	Departments, VPCs, Requests int
	Within                      time.Duration // spread evenly
}

// Thousand has ten connections a VPC. AWS's quotas are 25 pending and 50 active ones.
var Thousand = Size{Departments: 20, VPCs: 10, Requests: 1000, Within: time.Minute}

// patience is how long it all may take, from the first VPC to the last announcement.
const patience = 5 * time.Minute

// realistic has EC2's token buckets, and a connection that is not active when its acceptance is announced.
func realistic(o *ec2.Options) {
	o.Throttle = true
	o.Delays.Provisioning = time.Second
}

// rush is one run.
type rush struct {
	*sandbox.Sandbox
	Size
	out       io.Writer
	company   company
	ledger    *ledger
	processes *processes

	began  time.Time
	asking time.Duration // from the first request to the last
	mark   int           // in the log of calls, of the first request
	read   int           // up to where the log has been searched for processes
	before measures
	after  measures
	wrong  []string
	count  int // of connections that are as they must be
}

// measures are of the embedded cloud at one time.
type measures struct {
	at                    time.Time
	goroutines            int
	heap                  float64
	cloudCPU, functionCPU time.Duration
}

// Run reports whether all checks passed. It writes the progress to out, with the verdict as the last line.
func Run(ctx context.Context, out io.Writer, w *local.Workshop, s Size) (bool, error) {
	r := &rush{Size: s, out: out, Sandbox: sandbox.New(realistic), ledger: newLedger(time.Now)}
	r.processes = &processes{find: r.Process, known: map[string]bool{}}
	err := r.play(ctx, w)
	r.Close()
	if err != nil {
		return false, err
	}
	r.after.functionCPU = cpu(syscall.RUSAGE_CHILDREN) // which counts those that have ended
	return r.report(), nil
}

func (r *rush) play(ctx context.Context, w *local.Workshop) error {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := r.build(limited); err != nil {
		return fmt.Errorf("build the network: %w", err)
	}
	fmt.Fprintf(r.out, "deploying %d cells for %d VPCs\n", r.Departments, r.Departments*r.VPCs)
	if err := r.Launch(limited, w, r.company.policy(), r.ledger.announced); err != nil {
		return err
	}
	err := r.load(limited)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		r.complain("something is still under way after %s", patience)
		err = nil
	}
	if err != nil {
		return err
	}
	return r.check(ctx)
}

// load makes the requests, waits until nothing is under way any more, and measures before and after.
func (r *rush) load(ctx context.Context) error {
	r.mark = r.Cloud.Mark()
	r.read = r.mark
	r.before = r.measures()
	r.began = r.before.at
	stop := r.follow()
	err := r.ask(ctx)
	if err == nil {
		err = r.Cloud.Settle(ctx)
	}
	stop()
	r.rest()
	r.look()
	r.after = r.measures()
	return err
}

func (r *rush) build(ctx context.Context) error {
	for d, cell := range cells()[:r.Departments] {
		p := r.Person(ctx, cell)
		var sites []lab.Site
		for i := range r.VPCs {
			sites = append(sites, site(p, d, i))
		}
		if p.Err() != nil {
			return p.Err()
		}
		r.company = append(r.company, sites)
	}
	return r.Cloud.Settle(ctx) // or the events of the last changes would have a cell sweep, seconds after its deployment
}

// rest waits for goroutines that are about to end, such as the one that reported that no message is left.
func (r *rush) rest() {
	for range 20 {
		if goroutines() <= r.before.goroutines {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (r *rush) measures() measures {
	return measures{time.Now(), goroutines(), heap(), cpu(syscall.RUSAGE_SELF), cpu(syscall.RUSAGE_CHILDREN)}
}

// ask makes the requests, each at its time. None waits for the answer to another, which may take some time if EC2
// throttles the request.
func (r *rush) ask(ctx context.Context) error {
	var all errgroup.Group
	for n := range r.Requests {
		select {
		case <-time.After(time.Until(r.began.Add(r.Within * time.Duration(n) / time.Duration(r.Requests)))):
			all.Go(func() error { return r.request(ctx, n) })
		case <-ctx.Done():
			return errors.Join(ctx.Err(), all.Wait())
		}
	}
	r.asking = time.Since(r.began)
	return all.Wait()
}

func (r *rush) request(ctx context.Context, n int) error {
	from, to := r.company.pair(n)
	p := r.Person(ctx, from.Cell)
	id := p.Ask(from, to, "")
	if p.Err() == nil {
		r.ledger.ask(id, from, to)
	}
	return p.Err()
}

// follow prints the progress, and measures the processes, until stop is called.
func (r *rush) follow() (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		often := time.NewTicker(min(5*time.Second, r.Within/4))
		defer often.Stop()
		for {
			select {
			case <-often.C:
				r.look()
				r.print()
			case <-done:
				return
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}

// look is called by one goroutine at a time.
func (r *rush) look() {
	calls := r.Cloud.Since(r.read)
	r.read += len(calls)
	r.processes.learn(calls)
	r.processes.measure(time.Now())
}

func (r *rush) print() {
	asked, accepted, connected := r.ledger.counts()
	fmt.Fprintf(r.out, "%5.1f s: %4d requested, %4d accepted, %4d connected, %3d waiting\n",
		time.Since(r.began).Seconds(), asked, accepted, connected, asked-connected)
}
