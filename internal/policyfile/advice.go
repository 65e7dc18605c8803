package policyfile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/autopeer/autopeer/internal/domain/peering"
	"github.com/autopeer/autopeer/internal/domain/suggest"
)

// services are the ports of services that a file may name in the place of a protocol or a port.
var services = map[string]string{
	"ftp": "21", "ssh": "22", "sftp": "22", "smtp": "25", "http": "80", "ldap": "389", "https": "443", "smb": "445",
	"ldaps": "636",
	"mssql": "1433", "nfs": "2049", "mysql": "3306", "rdp": "3389", "postgres": "5432", "postgresql": "5432",
	"redis": "6379",
}

// protocolNumbers are IANA's numbers, and EC2's -1.
// https://www.iana.org/assignments/protocol-numbers
var protocolNumbers = map[string]string{
	"1": "icmp", "6": "tcp", "17": "udp", "58": "icmpv6", "icmp6": "icmpv6", "ipv6-icmp": "icmpv6",
	"-1": allProtocols, "any": allProtocols, "*": allProtocols, "ip": allProtocols,
}

// enumAdvice returns the fix for an unknown value of a form that lists the known ones.
func enumAdvice(e *element, s *jsonschema.Schema) string {
	text, known := strings.ToLower(e.text()), texts(s.Enum)
	switch {
	case e.name == "protocol" && e.shape() == "array":
		return "an entry has one protocol: write an entry for each"
	case e.name == "protocol":
		return protocolAdvice(text, known)
	case e.name == "tables":
		return tablesAdvice(e, known)
	case e.name == "approval" && slices.Contains([]string{"false", "no", "off", "none", "auto", "automatic"}, text):
		return "leave approval out: allowed requests are accepted without a person then"
	case e.name == "manage" && text == "both":
		return "leave manage out: autopeer manages both sides then"
	case len(known) == 1:
		return "write " + e.name + ": " + known[0] + ", or leave it out"
	}
	return suggest.Fix(e.text(), known)
}

func protocolAdvice(text string, known []string) string {
	if port := services[text]; port != "" {
		return fmt.Sprintf("write protocol: tcp and ports: [%s]", port)
	}
	if protocol, port, found := strings.Cut(text, "/"); found && isDigits(port) && slices.Contains(known, protocol) {
		return fmt.Sprintf("write protocol: %s and ports: [%s]", protocol, port)
	}
	switch protocol := protocolNumbers[text]; {
	case text == "ping":
		return "write protocol: icmp and types: [8]"
	case text == "dns":
		return "write protocol: udp and ports: [53], and a second entry for tcp"
	case protocol != "":
		return "write protocol: " + protocol
	case isDigits(text):
		return "it can be " + suggest.Alternatives(known) + "; only all includes other protocols"
	}
	return suggest.Fix(text, known)
}

func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// tablesAdvice asks about a scope only where the value is a word: a list or an id is meant as a choice.
func tablesAdvice(e *element, scopes []string) string {
	if ids := idsAdvice(e, "rtb"); ids != "" {
		return "write " + ids
	}
	if ids := idsAdvice(e, "subnet"); ids != "" {
		return "write { subnets: " + ids + " }"
	}
	if near, found := meant(e.text(), scopes); found && e.shape() == "string" {
		return fmt.Sprintf("did you mean %s?", near)
	}
	const choices = "{ ids: [rtb-0a1b2c3d4e5f60001] }, { tags: { Tier: private } } or { subnets: { " +
		"tags: { Tier: private } } }"
	return "it can be " + strings.Join(scopes, ", ") + ", " + choices
}

// idsAdvice returns the right form of ids that are written without the key ids. It is empty unless all are
// well-formed: advice repeats no mistake.
func idsAdvice(e *element, prefix string) string {
	const most = 5
	isID := regexp.MustCompile(peering.IDPattern(prefix))
	items := e.inside
	if e.shape() == "string" {
		items = []*element{e}
	}
	var ids []string
	for _, item := range items {
		if item.shape() != "string" || !isID.MatchString(item.text()) {
			return ""
		}
		ids = append(ids, item.text())
	}
	if e.byKey != nil || len(ids) == 0 || len(ids) > most {
		return ""
	}
	return "{ ids: [" + strings.Join(ids, ", ") + "] }"
}

// choiceExample returns an example of a choice by ids or tags, and nothing for other forms.
func choiceExample(e *element, s *jsonschema.Schema) string {
	keys := keysOf(s)
	switch {
	case !slices.Contains(keys, "ids") || !slices.Contains(keys, "tags"):
		return ""
	case e.name == "groups":
		return "{ tags: { Role: ledger } }"
	}
	return "{ tags: { Tier: private } }"
}

// choiceAdvice returns the fix for a value of another shape than a choice by ids or tags, and nothing for other forms.
func choiceAdvice(e *element, s *jsonschema.Schema) string {
	example := choiceExample(e, s)
	if example == "" {
		return ""
	}
	prefix := map[string]string{"groups": "sg", "subnets": "subnet"}[e.name]
	if ids := idsAdvice(e, prefix); ids != "" {
		return "write " + ids
	}
	return fmt.Sprintf("write { ids: [%s-0a1b2c3d4e5f60001] } or %s", prefix, example)
}

// listAdvice returns the fix for a value in the place of a list.
func listAdvice(e *element, s *jsonschema.Schema) string {
	switch {
	case wordAdvice(e) != "":
		return wordAdvice(e)
	case s.Items.Type == "object":
		return "it must be a list of mappings: begin each with a dash"
	case s.MaxItems != nil:
		return "it must be a list of two departments, as in [marketing, finance]"
	}
	return "it must be a list, as in [" + exampleOf(s.Items) + "]"
}

// booleanAdvice returns the fix for a word in the place of true or false.
func booleanAdvice(e *element) string {
	switch strings.ToLower(e.text()) {
	case "true", "yes", "y", "on", "enabled":
		return "write true, without quotes"
	case "false", "no", "n", "off", "disabled":
		return "write false, without quotes"
	}
	return "it can be true or false"
}

// wordAdvice returns the fix for a word in the place of a port or a source.
func wordAdvice(e *element) string {
	text := strings.ToLower(e.text())
	isAll := slices.Contains([]string{allProtocols, "any", "*", "0-65535"}, text)
	switch {
	case isAll && (e.name == "ports" || e.name == "types"):
		return "leave " + e.name + " out for all of them"
	case isAll && e.name == "sources":
		return "leave sources out: all blocks of the department are sources then"
	case e.name != "ports" || services[text] == "":
		return ""
	case e.key == nil: // an item of the list
		return "write " + services[text]
	}
	return "write [" + services[text] + "]"
}
