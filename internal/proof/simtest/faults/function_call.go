package faults

import (
	"regexp"
	"slices"
	"strings"

	"github.com/autopeer/autopeer/internal/cloudsim/apicall"
	"github.com/autopeer/autopeer/internal/domain/peering"
)

// Call is one API call of an autopeer function.
type Call struct {
	Function  string
	Cell      peering.Cell
	Action    string
	AccessKey string

	service string
	params  map[string]string
}

// NewCall returns a call that the function has made.
func NewCall(c apicall.Call, function string) Call {
	cell := peering.Cell{Account: peering.AccountID(c.Account), Region: peering.Region(c.Region)}
	return Call{
		Function: function, Cell: cell, Action: c.Action, AccessKey: c.AccessKeyID, service: c.Service, params: c.Params,
	}
}

// identity is all that distinguishes the call from others, but for its repetitions. It leaves out the numbers of a
// list's members, because tags come in random order.
func (c Call) identity() []string {
	return append([]string{c.Function, c.Cell.String(), c.Action}, c.parameters()...)
}

func (c Call) parameters() []string {
	var parts []string
	for name, value := range c.params {
		if name != "ClientToken" && name != "Action" && name != "Version" && !strings.HasPrefix(name, "SecurityGroupRuleId") {
			parts = append(parts, strings.TrimRight(withoutNumbers.Replace(name), ".")+"="+value)
		}
	}
	slices.Sort(parts)
	return parts
}

var withoutNumbers = strings.NewReplacer("0", "", "1", "", "2", "", "3", "", "4", "", "5", "", "6", "", "7", "",
	"8", "", "9", "", "..", ".")

// Name is the same for all repetitions of the call.
func (c Call) Name() string { return strings.Join(c.identity(), " ") }

// Connection returns the id of the connection that the call is about; "" if there is none or more than one. More than
// one are those that conflict with the connection at hand.
func (c Call) Connection() string {
	for _, name := range []string{"VpcPeeringConnectionId", "Filter.1.Value.1", "ResourceId.1"} {
		if id := c.params[name]; connectionID.MatchString(id) && c.params["Filter.1.Value.2"] == "" {
			return id
		}
	}
	return ""
}

// IsRead reports whether the call describes one connection.
func (c Call) IsRead() bool {
	return c.Action == "DescribeVpcPeeringConnections" && c.Connection() != ""
}

// staleKey is the key under which a stale answer to the call is kept; "" if there can be none.
func (c Call) staleKey() string {
	if !c.IsRead() || c.params["Filter.2.Name"] != "" {
		return ""
	}
	return staleKey(c.Cell, c.Connection())
}

var connectionID = regexp.MustCompile(`pcx-[0-9a-f]{17}`)
