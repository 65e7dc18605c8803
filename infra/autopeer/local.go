package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/cfn"
	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/policyfile"
)

func localCommand() *cobra.Command {
	var named string
	var port uint16
	cmd := &cobra.Command{
		Use:   "local",
		Short: "Run the embedded cloud with the cells of a policy, for the AWS CLI and other clients",
		Long: "Run the embedded cloud with the cells of a policy until Ctrl-C. It serves the AWS CLI and AWS's\n" +
			"SDKs on a port of this machine, with a network for each department, and prints the environment\n" +
			"and a first command for another terminal. It prints each announcement, and deploys the policy\n" +
			"again whenever the file changes. No AWS account is needed, but Go 1.26, and Node.js 22 or 24 for\n" +
			"the CDK. docs/tutorial.md is a tour.\n\n" +
			"Exit codes: 0 stopped; 1 could not run; 2 mistakes in the policy.",
		Example: "  autopeer local --policy docs/examples/marketing-finance.yaml\n  autopeer local --port 4567",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			file, err := policyFile(os.Getenv, named)
			if err != nil {
				return err
			}
			p, data, err := readPolicy(cmd.ErrOrStderr(), file)
			if mistakes := (policyfile.Mistakes)(nil); errors.As(err, &mistakes) {
				fmt.Fprintln(cmd.ErrOrStderr(), err)
				return errReported
			}
			if err != nil {
				return err
			}
			return serve(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), p, data, int(port))
		},
	}
	cmd.Flags().StringVar(&named, "policy", "",
		"the policy `file` whose cells are deployed; without it, "+withoutPolicy)
	cmd.Flags().Uint16Var(&port, "port", 4566, "the port on 127.0.0.1; 0 selects a free one")
	return cmd
}

// server runs the cells of a policy file on the embedded cloud, and deploys the file again when it changes.
type server struct {
	out, errs io.Writer
	file      string
	cloud     *cloudsim.Cloud
	ids       *local.IDs
	sites     []local.Site
	printer   *printer

	deploying sync.Mutex // held while the stacks change
	launched  *local.Launched
}

// followEvery is the interval at which the policy file is read. New content is deployed after two equal reads.
const followEvery = 250 * time.Millisecond

// serve runs the cells of the policy until the context ends. The data is the content of the policy file. Mistakes
// in a file that changes, and errors of its deployment, are written to errs.
func serve(ctx context.Context, out, errs io.Writer, p *policy.Policy, data []byte, port int) error {
	w, err := prepare(ctx, out, errs)
	if err != nil {
		return err
	}
	s := server{out: out, errs: errs, file: p.File, ids: &local.IDs{}, printer: newPrinter(out, time.Now)}
	s.cloud = newCloud(s.ids)
	defer func() {
		s.deploying.Lock() // an update by CloudFormation's API goes on after the server has stopped
		defer s.deploying.Unlock()
		s.cloud.Close()
		if s.launched != nil {
			s.launched.Close()
		}
	}()
	url, stop, err := local.Serve(ctx, s.cloud, port)
	if err != nil {
		return portError(port, err)
	}
	defer stop()
	if s.sites, err = local.Seed(ctx, s.cloud, s.ids, p, nil); err != nil {
		return err
	}
	if s.launched, err = local.Launch(ctx, s.cloud, w, url, p, data, s.printer.outcome); err != nil {
		return err
	}
	cfn.Serve(s.cloud, &s.deploying, stacks{&s})
	welcome(out, p, s.sites, url)
	var observing sync.WaitGroup
	defer observing.Wait()
	observing.Go(func() { s.observe(ctx) })
	local.Follow(ctx, s.file, data, followEvery, func(data []byte) { s.redeploy(ctx, data) })
	return nil
}

// portError returns the error for a port that can't be listened on.
func portError(port int, err error) error {
	problem := fmt.Sprintf("port %d can't be used: %v", port, err)
	if errors.Is(err, syscall.EADDRINUSE) {
		problem = fmt.Sprintf("port %d is in use", port)
	}
	return errors.New(problem + "; choose another with --port, or with PORT= of make")
}

// observeEvery is the interval at which the logs and the dead-letter queues are read.
const observeEvery = time.Second

// observe prints retries, dead letters and alarms until the context ends.
func (s *server) observe(ctx context.Context) {
	every := time.NewTicker(observeEvery)
	defer every.Stop()
	w := newObserver(s.cloud)
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-every.C:
			s.deploying.Lock()
			found := w.next(s.launched.Cells(), now)
			s.deploying.Unlock()
			for _, i := range found {
				s.printer.incident(i)
			}
		}
	}
}

// redeploy deploys the content of the policy file, or prints why the previous policy stays in force.
func (s *server) redeploy(ctx context.Context, data []byte) {
	started := time.Now()
	p, warnings, err := policyfile.Check(s.file, data)
	for _, w := range warnings {
		fmt.Fprintln(s.errs, w)
	}
	var sites []local.Site
	if err == nil {
		fmt.Fprintf(s.out, "%s  deploying %s, which has changed\n", started.Format(time.TimeOnly), s.file)
		sites, err = local.Seed(ctx, s.cloud, s.ids, p, s.sites)
		s.sites = append(s.sites, sites...)
	}
	if err == nil {
		s.deploying.Lock()
		err = s.launched.Update(ctx, p, data)
		s.deploying.Unlock()
	}
	if ctx.Err() != nil {
		return
	}
	printSites(s.out, sites)
	s.launched.SweepNow(ctx) // a person waits; AWS would gather messages for 15 seconds
	if err != nil {
		fmt.Fprintf(s.errs, "%v\n%s  %s isn't deployed; the previous policy stays in force\n",
			err, time.Now().Format(time.TimeOnly), s.file)
		return
	}
	fmt.Fprintf(s.out, "%s  %s is deployed in %s, %.1f s after it was read\n",
		time.Now().Format(time.TimeOnly), s.file, count(len(p.Cells()), "cell"), time.Since(started).Seconds())
	for _, c := range s.launched.Left() {
		fmt.Fprintf(s.errs,
			"%s: warning: cell %s is no longer in the policy; its stacks stay deployed with the previous policy, "+
				"as on AWS. List it under retired: first, and then delete its stacks\n", s.file, c)
	}
}

// newCloud returns a cloud whose calls and events are delayed, so that a person sees the steps in order.
func newCloud(ids *local.IDs) *cloudsim.Cloud {
	return cloudsim.New(cloudsim.Options{
		EC2: func(trail apicall.Trail) http.Handler {
			return ec2.New(ec2.Options{Trail: trail, NewID: ids.New, Delays: ec2.Delays{
				Initiating: 200 * time.Millisecond, Provisioning: 200 * time.Millisecond, Deleting: 200 * time.Millisecond,
			}})
		},
		Events: events.Options{TrailLatency: 500 * time.Millisecond, DeliveryLatency: 100 * time.Millisecond},
	})
}

// welcome prints the sites of the policy and commands to try.
func welcome(out io.Writer, p *policy.Policy, sites []local.Site, url string) {
	fmt.Fprintf(out, "autopeer on the embedded cloud, %s, with %s of %s\n", url, count(len(p.Cells()), "cell"), p.File)
	fmt.Fprintln(out, "Nothing is kept: networks, connections, messages and announcements end with this program (Ctrl-C).")
	fmt.Fprintln(out)
	printSites(out, sites)
	if len(p.Peerings) == 0 {
		fmt.Fprintln(out, "\nThe policy allows no peering, so every request will be denied.")
		return
	}
	from, to := pair(p.Peerings[0], sites)
	peer := "--peer-owner-id " + string(to.Cell.Account)
	if to.Cell.Region != from.Cell.Region {
		peer += " --peer-region " + string(to.Cell.Region)
	}
	fmt.Fprintf(out, "\nIn another terminal (the account is the access key, any secret will do):\n\n"+
		"  export AWS_ENDPOINT_URL=%s AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION=%s\n"+
		"  aws ec2 create-vpc-peering-connection --vpc-id %s --peer-vpc-id %s %s\n"+
		"  aws ec2 describe-route-tables --filters Name=vpc-id,Values=%[4]s\n\n",
		url, from.Cell.Account, from.Cell.Region, from.VPC.ID, to.VPC.ID, peer)
}

func printSites(out io.Writer, sites []local.Site) {
	if len(sites) == 0 {
		return
	}
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  department\taccount/region\tVPC\tblock\tserver")
	for _, s := range sites {
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s %s\n", s.Department, s.Cell, s.VPC.ID, s.VPC.Block, s.Server, s.Address)
	}
	_ = table.Flush()
	_, _ = io.WriteString(out, b.String())
}

// pair returns a site of each department, beginning with one that may request.
func pair(entry policy.Peering, sites []local.Site) (from, to local.Site) {
	asks, asked := entry.Between[0], entry.Between[1]
	if entry.Requester == asked {
		asks, asked = asked, asks
	}
	for _, s := range sites {
		switch {
		case s.Department == asks && from.VPC.ID == "":
			from = s
		case s.Department == asked && to.VPC.ID == "":
			to = s
		}
	}
	return from, to
}
