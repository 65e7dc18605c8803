package iam

import (
	"fmt"
	"strings"
)

// tenCells returns a policy file with ten cells of five accounts. Each cell peers with a cell of another account, and
// the first one with three.
func tenCells() string {
	var departments, peerings strings.Builder
	for i := range 10 {
		fmt.Fprintf(&departments, "  d%d: [{ account: %q, region: %s, vpc: vpc-0a1b2c3d4e5f7%04d, cidrs: [10.%d.0.0/16] }]\n",
			i, strings.Repeat(fmt.Sprint(i/2+1), 12), []string{"us-east-1", "eu-west-1"}[i%2], i, 10+i)
	}
	for _, pair := range [][2]int{{0, 2}, {0, 3}, {0, 5}, {1, 4}, {6, 8}, {7, 9}} {
		fmt.Fprintf(&peerings, `  - between: [d%[1]d, d%[2]d]
    dns: true
    routes: { d%[2]d: { tables: { subnets: { tags: { Tier: private } } } } }
    allow: [{ from: d%[1]d, to: d%[2]d, groups: { tags: { Role: server } }, protocol: tcp, ports: [443] }]
`, pair[0], pair[1])
	}
	return "version: 1\notherwise: reject\ndepartments:\n" + departments.String() + "peerings:\n" + peerings.String()
}
