// Package config reads a function's settings from its environment, and the policy that is packed with it.
// All faults are reported at once, each with the name of its variable.
package bootstrap

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// The variables that a function reads. Lambda itself sets Region.
const (
	Account  = "AUTOPEER_ACCOUNT"   // the cell's account, twelve digits
	Bus      = "AUTOPEER_BUS"       // the name of the cell's event bus
	Policy   = "AUTOPEER_POLICY"    // the path of the cell's part of the policy, as JSON
	QueueURL = "AUTOPEER_QUEUE_URL" // the queue that feeds the function
	Region   = "AWS_REGION"
)

// The variables that only sweep reads.
const (
	AcceptQueueURL     = "AUTOPEER_ACCEPT_QUEUE_URL"
	ConnectQueueURL    = "AUTOPEER_CONNECT_QUEUE_URL"
	DisconnectQueueURL = "AUTOPEER_DISCONNECT_QUEUE_URL"
	SweepMinutes       = "AUTOPEER_SWEEP_MINUTES" // from one sweep to the next
)

// Settings is what every function has to know.
type Settings struct {
	Cell     peering.Cell
	Bus      string
	QueueURL string
	Policy   *policy.Policy
}

var (
	account = regexp.MustCompile(`^[0-9]{12}$`)
	region  = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$`)
	busName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,256}$`)
	url     = regexp.MustCompile(`^https?://[^/]+/.+$`)
	minutes = regexp.MustCompile(`^[1-9][0-9]{0,3}$`)
)

// reader reads variables and gathers what is wrong with them.
type reader struct {
	getenv func(string) string
	faults []error
}

func (r *reader) read(name string, form *regexp.Regexp, want string) string {
	value := r.getenv(name)
	if !form.MatchString(value) {
		r.faults = append(r.faults, fmt.Errorf("%s is %q; it must be %s", name, value, want))
	}
	return value
}

// Parse reads the settings. Files are read through readFile.
func Parse(getenv func(string) string, readFile func(string) ([]byte, error)) (Settings, error) {
	r := reader{getenv: getenv}
	s := Settings{
		Cell: peering.Cell{
			Account: peering.AccountID(r.read(Account, account, "the cell's account, twelve digits")),
			Region:  peering.Region(r.read(Region, region, "a region like eu-west-1")),
		},
		Bus:      r.read(Bus, busName, "the name of the cell's event bus"),
		QueueURL: r.read(QueueURL, url, "the URL of the queue that feeds the function"),
	}
	p, err := readPolicy(getenv(Policy), readFile)
	s.Policy = p
	return s, errors.Join(append(r.faults, err)...)
}

// Sweep is what sweep has to know besides.
type Sweep struct {
	Interval time.Duration
	Queues   map[function.Name]string // the URLs of the queues of those who repair
}

// ParseSweep reads the settings that only sweep has.
func ParseSweep(getenv func(string) string) (Sweep, error) {
	r := reader{getenv: getenv}
	s := Sweep{Queues: map[function.Name]string{
		function.Accept:     r.read(AcceptQueueURL, url, "the URL of the queue of accept"),
		function.Connect:    r.read(ConnectQueueURL, url, "the URL of the queue of connect"),
		function.Disconnect: r.read(DisconnectQueueURL, url, "the URL of the queue of disconnect"),
	}}
	n, _ := strconv.Atoi(r.read(SweepMinutes, minutes, "the minutes from one sweep to the next")) // the form has let digits through only
	s.Interval = time.Duration(n) * time.Minute
	return s, errors.Join(r.faults...)
}

func readPolicy(path string, readFile func(string) ([]byte, error)) (*policy.Policy, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s is %q; it must be the path of the cell's policy: %w", Policy, path, err)
	}
	p, err := policy.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s is %q: %w", Policy, path, err)
	}
	return p, nil
}
