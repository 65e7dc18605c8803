package peering

import "strings"

// The forms of identifiers, as regular expressions for JSON Schemas. The IsValid methods agree with them and
// are written by hand: compiling a regular expression costs a cold start more than everything it would check.
const (
	AccountPattern = `^[0-9]{12}$`
	RegionPattern  = `^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$`
)

// IDPattern returns the form of the EC2 resource IDs with the prefix, "vpc" for example. EC2 gives 17 digits;
// resources from before 2016 have 8.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html
func IDPattern(prefix string) string { return "^" + prefix + "-([0-9a-f]{8}|[0-9a-f]{17})$" }

// IsValid reports whether the ID has the form of IDPattern("vpc").
func (id VPCID) IsValid() bool { return isID("vpc-", string(id)) }

// IsValid reports whether the ID has the form of IDPattern("pcx").
func (id ConnectionID) IsValid() bool { return isID("pcx-", string(id)) }

// IsValid reports whether the ID has the form of IDPattern("sg").
func (id SecurityGroupID) IsValid() bool { return isID("sg-", string(id)) }

// IsValid reports whether the account has the form of AccountPattern.
func (a AccountID) IsValid() bool { return len(a) == 12 && consistsOf(string(a), '0', '9') }

// IsValid reports whether the Region has the form of RegionPattern. Whether AWS has that Region is not checked.
func (r Region) IsValid() bool {
	parts := strings.Split(string(r), "-")
	last := len(parts) - 1
	if last < 2 || len(parts[0]) < 2 || len(parts[0]) > 4 || len(parts[last]) > 2 || !consistsOf(parts[last], '0', '9') {
		return false
	}
	for _, part := range parts[:last] {
		if !consistsOf(part, 'a', 'z') {
			return false
		}
	}
	return true
}

func isID(prefix, id string) bool {
	digits, found := strings.CutPrefix(id, prefix)
	if !found || len(digits) != 8 && len(digits) != 17 {
		return false
	}
	for _, c := range []byte(digits) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// consistsOf reports whether the text is not empty and all its bytes lie between first and last.
func consistsOf(text string, first, last byte) bool {
	for _, c := range []byte(text) {
		if c < first || c > last {
			return false
		}
	}
	return text != ""
}
