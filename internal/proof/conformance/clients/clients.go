// Package clients drives the embedded cloud with AWS's own clients: boto3, which checks every raw answer against its
// service model, and the AWS CLI.
package clients

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim"
	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/cloudsim/cfn"
	"github.com/autopeer/autopeer/internal/cloudsim/ec2"
	"github.com/autopeer/autopeer/internal/local"
	"github.com/autopeer/autopeer/internal/proof/conformance/report"
)

// step is how long a connection stays in the states that it passes: long enough for a client to see them.
const step = 300 * time.Millisecond

// Judge runs the script that drives the embedded cloud, with the virtual environment's Python. A line that it prints is
// a check.
func Judge(ctx context.Context, j *report.Judge, venv, folder string) {
	cloud := cloudsim.New(cloudsim.Options{EC2: func(trail apicall.Trail) http.Handler {
		return ec2.New(ec2.Options{
			Seed: 1, Trail: trail, Delays: ec2.Delays{Initiating: step, Propagation: step, Provisioning: step, Deleting: step},
		})
	}})
	defer cloud.Close()
	if err := serveStack(ctx, cloud); err != nil {
		j.Error("deploy a stack", err)
		return
	}
	url, stop, err := local.Serve(ctx, cloud, 0)
	if err != nil {
		j.Error("serve the embedded cloud", err)
		return
	}
	defer stop()
	script := exec.CommandContext(ctx, venv+"/bin/python", folder+"/judge.py", url)
	script.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir(), "PYTHONDONTWRITEBYTECODE=1",
		"AWS_EC2_METADATA_DISABLED=true"}
	var announced bytes.Buffer
	script.Stderr = &announced
	out, err := script.Output()
	if err != nil {
		j.Error("judge.py", fmt.Errorf("%w\n%s", err, announced.Bytes()))
	}
	j.Error("judge.py", Count(j, out))
}

// serveStack deploys the stack that the script updates.
func serveStack(ctx context.Context, cloud *cloudsim.Cloud) error {
	stack, err := cfn.Deploy(ctx, cloud, cfn.Source{
		Account: "777777777777", Region: "us-east-1", Name: "judged", Template: []byte(`{
			"Parameters": {"Size": {"Type": "String", "Default": "small"}},
			"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}, "Rule": {"Type": "AWS::Events::Rule", "Properties": {
				"Name": "judged", "EventPattern": {"source": ["judged"]}}}},
			"Outputs": {"Queue": {"Value": {"Ref": "Queue"}}}}`),
	})
	cfn.Serve(cloud, &sync.Mutex{}, cfn.List{stack})
	return err
}

// check is a line that the script prints.
type check struct {
	Name              string
	Passed, Explained bool
	Want, Got         string
}

// Count reads the checks that a script prints, one JSON object a line. An error means that there is none, or another
// line.
func Count(j *report.Judge, out []byte) error {
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	n := 0
	for ; lines.Scan(); n++ {
		var c check
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return fmt.Errorf("read %q: %w", lines.Text(), err)
		}
		if c.Explained {
			j.Explain(1)
			continue
		}
		j.Check(c.Passed, c.Name, c.Want, c.Got)
	}
	if n == 0 && lines.Err() == nil {
		return errors.New("it made no check")
	}
	return lines.Err()
}
