package announce

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/domain/outcome"
	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/plan"
)

// WithoutDNS returns o with a note that the DNS option isn't set because the VPC lacks these attributes. With none,
// one of the two is off in the VPC, which another cell owns. The id depends on the VPC and the attributes, so that
// the option is announced once it is set.
func WithoutDNS(o outcome.Outcome, vpc peering.VPC, attributes []string) outcome.Outcome {
	off, key := "enableDnsHostnames or enableDnsSupport is off", "unknown"
	if len(attributes) > 0 {
		off, key = strings.Join(attributes, " and ")+" is off", strings.Join(attributes, ",")
		if len(attributes) > 1 {
			off = strings.Join(attributes, " and ") + " are off"
		}
	}
	sentence := fmt.Sprintf("the DNS option of the %s is not set: %s in %s of %s; autopeer sets it once "+
		"both VPCs have both attributes", o.Side, off, vpc.ID, vpc.Cell())
	return lacking(o, sentence, "without-dns", string(vpc.ID), key)
}

// WithoutSource returns o without the rules of a change that EC2 refused, and with a note that their group of the
// VPC or their prefix list doesn't exist. The id depends on the source.
func WithoutSource(o outcome.Outcome, change plan.Authorize, vpc peering.VPC) outcome.Outcome {
	for _, fact := range change.Facts() {
		o.State = slices.DeleteFunc(slices.Clone(o.State), func(s string) bool { return s == fact.Sentence })
		o.Keys = slices.DeleteFunc(slices.Clone(o.Keys), func(k string) bool { return k == fact.Key })
	}
	of := change.Permissions[0]
	source := cmp.Or(string(of.Group), string(of.PrefixList))
	sentence := fmt.Sprintf("%s is not admitted: EC2 finds no such group in %s", source, vpc.ID)
	if of.PrefixList != "" {
		sentence = fmt.Sprintf("%s is not admitted: EC2 finds no such prefix list in %s", source, o.Cell)
	}
	return lacking(o, sentence, "without-source", source)
}

// lacking returns o with the note, unless it has it already.
func lacking(o outcome.Outcome, sentence string, keys ...string) outcome.Outcome {
	o.Lacks = true
	if !slices.Contains(o.Notes, sentence) {
		o.Notes = append(slices.Clone(o.Notes), sentence)
		o.Keys = append(slices.Clone(o.Keys), strings.Join(keys, "|"))
	}
	return o
}
