package queue

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
)

// arn is the name of a queue in the whole cloud.
type arn struct{ region, account, name string }

func (a arn) String() string { return "arn:aws:sqs:" + a.region + ":" + a.account + ":" + a.name }

// url has the form of AWS's own queue URLs. Clients send it back in the body, to any endpoint.
func (a arn) url() string {
	return "https://sqs." + a.region + ".amazonaws.com/" + a.account + "/" + a.name
}

// parseARN takes arn:aws:sqs:us-east-1:111111111111:name.
func parseARN(s string) (arn, bool) {
	parts := strings.Split(s, ":")
	if len(parts) != 6 || parts[0] != "arn" || parts[2] != "sqs" {
		return arn{}, false
	}
	return arn{region: parts[3], account: parts[4], name: parts[5]}, true
}

// parseURL takes account and name from the path: only they count, since the region is the caller's.
func parseURL(s string, caller apicall.Caller) (arn, bool) {
	u, err := url.Parse(s)
	if err != nil {
		return arn{}, false
	}
	account, name, ok := strings.Cut(strings.Trim(u.Path, "/"), "/")
	return arn{region: caller.Region, account: account, name: name}, ok
}

var validName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)
