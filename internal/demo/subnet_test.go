package demo_test

import (
	"strings"
	"testing"

	"github.com/autopeer/autopeer/internal/demo"
	"github.com/autopeer/autopeer/internal/local"
)

// TestOneSubnetOfEachVPC: a policy that connects single subnets adds no route to other tables
// (cloudposse/terraform-aws-vpc-peering-multi-account#83).
func TestOneSubnetOfEachVPC(t *testing.T) {
	t.Parallel()
	chosen, err := demo.Select("subnet-only")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	w, err := local.Prepare(t.Context(), &out)
	if err != nil {
		t.Fatal(err)
	}
	if passed, err := demo.Run(t.Context(), &out, t.TempDir(), w, chosen); err != nil || !passed {
		t.Errorf("Run() = %v, %v\n%s", passed, err, out.String())
	}
}
