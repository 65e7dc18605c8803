package ec2

import (
	"strings"
	"time"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
)

// bucketKey identifies a bucket. EC2 throttles each call by itself, for each account in each Region:
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html.
type bucketKey struct {
	accountRegion
	action     string
	unfiltered bool
}

type bucket struct {
	tokens float64
	filled time.Time
}

// rate is how many calls a bucket holds and how many come back to it each second.
type rate struct{ size, refill float64 }

var (
	readRate       = rate{100, 20}
	unfilteredRate = rate{50, 10}
	writeRate      = rate{50, 5}
	tagRate        = rate{100, 10}
	staleRate      = rate{20, 5}
)

func rateOf(k bucketKey) rate {
	switch {
	case k.action == "CreateTags" || k.action == "DeleteTags":
		return tagRate
	case k.action == "DescribeStaleSecurityGroups":
		return staleRate
	case k.unfiltered:
		return unfilteredRate
	case actions[k.action].mutating:
		return writeRate
	}
	return readRate
}

// take takes a token for the call, or refuses it.
func (s *Service) take(caller apicall.Caller, p params, now time.Time) error {
	if !s.opts.Throttle {
		return nil
	}
	key := bucketKey{accountRegion{caller.Account, caller.Region}, p["Action"], isUnfiltered(p)}
	rate := rateOf(key)
	b := s.buckets[key]
	if b == nil {
		b = &bucket{rate.size, now}
		s.buckets[key] = b
	}
	b.tokens = min(rate.size, b.tokens+now.Sub(b.filled).Seconds()*rate.refill)
	b.filled = now
	if b.tokens < 1 {
		return throttled()
	}
	b.tokens--
	return nil
}

// isUnfiltered reports whether EC2 throttles the call harder, because it has no filter.
func isUnfiltered(p params) bool {
	if a := p["Action"]; a != "DescribeSecurityGroups" && a != "DescribeInstances" {
		return false
	}
	for name := range p {
		root, _, _ := strings.Cut(name, ".")
		if root == "Filter" || root == "MaxResults" || strings.HasSuffix(root, "Id") {
			return false
		}
	}
	return true
}
