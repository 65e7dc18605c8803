// Package config reads a function's settings from its environment, and the policy that is packed with it.
// All faults are reported at once, each with the name of its variable.
package config

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/autopeer/autopeer/internal/peering"
	"github.com/autopeer/autopeer/internal/policy"
)

// The variables that a function reads. Lambda itself sets Region.
const (
	Account  = "AUTOPEER_ACCOUNT"   // the cell's account, twelve digits
	Bus      = "AUTOPEER_BUS"       // the name of the cell's event bus
	Policy   = "AUTOPEER_POLICY"    // the path of the cell's part of the policy, as JSON
	QueueURL = "AUTOPEER_QUEUE_URL" // the queue that feeds the function
	Region   = "AWS_REGION"
)

// Settings is what accept, connect and disconnect have to know.
type Settings struct {
	Cell     peering.Cell
	Bus      string
	QueueURL string
	Policy   *policy.Policy
}

var (
	account = regexp.MustCompile(`^[0-9]{12}$`)
	region  = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]{1,2}$`)
	bus     = regexp.MustCompile(`^[A-Za-z0-9._-]{1,256}$`)
	url     = regexp.MustCompile(`^https?://[^/]+/.+$`)
)

// Parse reads the settings. Files are read through readFile.
func Parse(getenv func(string) string, readFile func(string) ([]byte, error)) (Settings, error) {
	var s Settings
	var faults []error
	read := func(name string, form *regexp.Regexp, want string) string {
		value := getenv(name)
		if !form.MatchString(value) {
			faults = append(faults, fmt.Errorf("%s is %q; it must be %s", name, value, want))
		}
		return value
	}
	s.Cell.Account = peering.AccountID(read(Account, account, "the cell's account, twelve digits"))
	s.Cell.Region = peering.Region(read(Region, region, "a region like eu-west-1"))
	s.Bus = read(Bus, bus, "the name of the cell's event bus")
	s.QueueURL = read(QueueURL, url, "the URL of the queue that feeds the function")
	p, err := readPolicy(getenv(Policy), readFile)
	s.Policy = p
	return s, errors.Join(append(faults, err)...)
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
