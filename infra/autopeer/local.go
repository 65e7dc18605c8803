package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/cloudsim/events"
	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/policy"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/policyfile"
)

func localCommand() *cobra.Command {
	var named string
	var port int
	cmd := &cobra.Command{
		Use:   "local",
		Short: "Run the embedded cloud with the cells of a policy, for the AWS CLI and anything else",
		Args:  cobra.NoArgs,
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
			return serve(cmd.Context(), cmd.OutOrStdout(), p, data, port)
		},
	}
	cmd.Flags().StringVar(&named, "policy", "", "the policy whose cells are deployed; without it, as for the command policy")
	cmd.Flags().IntVar(&port, "port", 4566, "the port on 127.0.0.1; 0 takes any that is free")
	return cmd
}

// serve runs the cells of the policy until the context ends. The data is the content of the policy file.
func serve(ctx context.Context, out io.Writer, p *policy.Policy, data []byte, port int) error {
	w, err := local.Prepare(ctx, out)
	if err != nil {
		return err
	}
	ids := &local.IDs{}
	cloud := newCloud(ids)
	var cells []*local.Cell
	defer func() {
		cloud.Close()
		for _, c := range cells {
			c.Close()
		}
	}()
	url, stop, err := local.Serve(ctx, cloud, port)
	if err != nil {
		return fmt.Errorf("serve (choose another port with PORT=): %w", err)
	}
	defer stop()
	sites, err := local.Seed(ctx, cloud, ids, p)
	if err != nil {
		return err
	}
	if cells, err = local.Launch(ctx, cloud, w, url, p, data, func(o outcome.Outcome) { printOutcome(out, o) }); err != nil {
		return err
	}
	welcome(out, p, sites, url)
	<-ctx.Done()
	return nil
}

// newCloud returns a cloud whose calls and events take a moment, so that an onlooker sees the steps in order.
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
	fmt.Fprintf(out, "autopeer on the embedded cloud, %s, with the %d cells of %s\n\n", url, len(p.Cells()), p.File)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  department\taccount/region\tVPC\tblock\tserver")
	for _, s := range sites {
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s %s\n", s.Department, s.Cell, s.VPC.ID, s.VPC.Block, s.Server, s.Address)
	}
	_ = table.Flush()
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

// pair returns a site of either department, the one first that may ask.
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

// printOutcome prints an announcement in one piece, because several functions announce concurrently.
func printOutcome(out io.Writer, o outcome.Outcome) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s  %s %s: %s\n", time.Now().Format(time.TimeOnly), o.Cell, o.Connection, o.Type, o.Reason.Sentence)
	for _, c := range o.Changes {
		fmt.Fprintf(&b, "          %s\n", c)
	}
	_, _ = io.WriteString(out, b.String())
}
