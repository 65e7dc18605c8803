package peering_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/domain/peering"
)

// checkForm compares an IsValid method with the pattern that a JSON Schema states for the same identifier.
func checkForm(t *testing.T, pattern, text string, isValid bool) {
	t.Helper()
	if want := regexp.MustCompile(pattern).MatchString(text) && !strings.Contains(text, "\n"); isValid != want {
		t.Errorf("IsValid(%q) = %v, want %v as %s", text, isValid, want, pattern)
	}
}

func checkForms(t *testing.T, text string) {
	t.Helper()
	checkForm(t, peering.AccountPattern, text, peering.AccountID(text).IsValid())
	checkForm(t, peering.RegionPattern, text, peering.Region(text).IsValid())
	checkForm(t, peering.IDPattern("vpc"), text, peering.VPCID(text).IsValid())
	checkForm(t, peering.IDPattern("pcx"), text, peering.ConnectionID(text).IsValid())
}

var identifiers = []string{
	"", "1", "111111111111", "11111111111", "1111111111111", "11111111111a", "１１１１１１１１１１１１",
	"us-east-1", "us-gov-west-1", "eusc-de-east-1", "ap-southeast-12", "us-east-123", "us-1", "u-east-1", "abcde-east-1",
	"us--1", "us-east-", "us-east", "US-east-1", "us-east-1 ", "us-ea1st-1",
	"vpc-0a1b2c3d", "vpc-0a1b2c3d4e5f60001", "vpc-0a1b2c3d4", "vpc-0A1B2C3D", "vpc-", "vpc", "pcx-0a1b2c3d",
	"pcx-0a1b2c3d4e5f60001", "pcx-0a1b2c3g", "vpc-pcx-0a1b2c3d", "vpc-0a1b2c3d\n",
}

func TestIdentifiers(t *testing.T) {
	t.Parallel()
	for _, text := range identifiers {
		checkForms(t, text)
	}
	for _, valid := range []bool{
		peering.AccountID("111111111111").IsValid(), peering.Region("us-gov-west-1").IsValid(),
		peering.Region("eusc-de-east-1").IsValid(),
		peering.VPCID("vpc-0a1b2c3d").IsValid(), peering.ConnectionID("pcx-0a1b2c3d4e5f60001").IsValid(),
	} {
		if !valid {
			t.Error("an identifier as AWS gives it is refused")
		}
	}
}

func FuzzIdentifiers(f *testing.F) {
	for _, text := range identifiers {
		f.Add(text)
	}
	f.Fuzz(checkForms)
}
