package bootstrap

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/domain/function"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/policy"
)

// The environment variables of every function. Lambda itself sets Region.
const (
	Account  = "AUTOPEER_ACCOUNT"   // the cell's account, twelve digits
	Bus      = "AUTOPEER_BUS"       // the name of the cell's event bus
	Policy   = "AUTOPEER_POLICY"    // the path of the cell's part of the policy, as JSON
	QueueURL = "AUTOPEER_QUEUE_URL" // the queue that feeds the function
	Region   = "AWS_REGION"
)

// SweepMinutes is the time from one sweep to the next. Only sweep reads this variable and those of QueueURLOf.
const SweepMinutes = "AUTOPEER_SWEEP_MINUTES"

// Repairers are the functions whose queues sweep sends to.
var Repairers = []function.Name{function.Accept, function.Connect, function.Disconnect}

// QueueURLOf returns the variable with the URL of a repairer's queue.
func QueueURLOf(f function.Name) string {
	return "AUTOPEER_" + strings.ToUpper(string(f)) + "_QUEUE_URL"
}

// Settings are the settings of every function.
type Settings struct {
	Cell     peering.Cell
	Bus      string
	QueueURL string
	Policy   *policy.Policy
}

// reader reads variables and collects the errors of all of them.
type reader struct {
	getenv func(string) string
	faults []error
}

func (r *reader) read(name string, isValid func(string) bool, want string) string {
	value := r.getenv(name)
	if !isValid(value) {
		r.faults = append(r.faults, fmt.Errorf("%s is %q; it must be %s", name, value, want))
	}
	return value
}

// Parse reads the settings. Files are read through readFile. The error joins those of all variables, each with the
// variable's name. It has no class, because it ends the cold start before a message is received.
func Parse(getenv func(string) string, readFile func(string) ([]byte, error)) (Settings, error) {
	r := reader{getenv: getenv}
	s := Settings{
		Cell: peering.Cell{
			Account: peering.AccountID(r.read(Account, isAccount, "the cell's account, twelve digits")),
			Region:  peering.Region(r.read(Region, isRegion, "a Region like eu-west-1")),
		},
		Bus:      r.read(Bus, isBusName, "the name of the cell's event bus"),
		QueueURL: r.read(QueueURL, isURL, "the URL of the queue that feeds the function"),
	}
	p, err := readPolicy(getenv(Policy), readFile)
	s.Policy = p
	return s, errors.Join(append(r.faults, err)...)
}

// Sweep are the further settings of sweep.
type Sweep struct {
	Interval time.Duration
	Queues   map[function.Name]string // URLs, of Repairers and of sweep itself
}

// ParseSweep reads the further settings of sweep. The error joins those of all variables, as that of Parse.
func ParseSweep(getenv func(string) string) (Sweep, error) {
	r := reader{getenv: getenv}
	s := Sweep{Queues: map[function.Name]string{function.Sweep: getenv(QueueURL)}}
	for _, f := range Repairers {
		s.Queues[f] = r.read(QueueURLOf(f), isURL, "the URL of the queue of "+string(f))
	}
	// isMinutes has parsed it
	n, _ := strconv.Atoi(r.read(SweepMinutes, isMinutes, "the minutes from one sweep to the next"))
	s.Interval = time.Duration(n) * time.Minute
	return s, errors.Join(r.faults...)
}

func isAccount(value string) bool { return peering.AccountID(value).IsValid() }

func isRegion(value string) bool { return peering.Region(value).IsValid() }

// isBusName follows https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_CreateEventBus.html
func isBusName(value string) bool {
	const special = "._-"
	invalid := func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune(special, c)
	}
	return value != "" && len(value) <= 256 && !strings.ContainsFunc(value, invalid)
}

func isURL(value string) bool {
	scheme, rest, _ := strings.Cut(value, "://")
	host, path, _ := strings.Cut(rest, "/")
	return (scheme == "http" || scheme == "https") && host != "" && path != ""
}

func isMinutes(value string) bool {
	n, err := strconv.Atoi(value)
	return err == nil && n >= 1 && n <= 9999 && strconv.Itoa(n) == value
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
