package terraform

import "slices"

// base are the files of every configuration of the page.
var base = []string{"providers.tf", "networks.tf", "connection.tf"}

func with(files ...string) []string { return slices.Concat(base, files) }

const (
	both = 2 // cells

	// Cells of the page's table.
	connection = "`aws_vpc_peering_connection`"
	options    = "`aws_vpc_peering_connection_options`"
	routes     = "`aws_route` to the same blocks"
	complete   = "connected, no changes, destroyed"

	// Parts of plans.
	removesTag  = `- "autopeer:managed"`
	ignoreTags  = `key_prefixes = ["autopeer:"]`
	ignoreNone  = `key_prefixes = []`
	nameTag     = `tags          = { Name = "marketing-finance" }`
	ignoreName  = "lifecycle {\n    ignore_changes = [tags[\"Name\"], tags_all[\"Name\"]]\n  }"
	lostRoute   = `- vpc_peering_connection_id  = "pcx-`
	lostIngress = `- "10.10.0.0/16"`
)

// trials returns all trials of the page's configurations and of modules.
func trials() []trial {
	return slices.Concat(moduleTrials(), routeTrials(), connectionTrials())
}

// connectionTrials returns the trials of the page's connections, without routes of Terraform.
func connectionTrials() []trial {
	return []trial{
		{
			name: "a connection", policy: "policy.yaml", files: base,
			steps: []step{
				apply(), connected(both),
				unchanged().showing(connection, "`ignore_tags`", complete),
				changed(ignoreTags, ignoreNone, removesTag).showing(connection, "no `ignore_tags`",
					"the next apply removes `autopeer:managed`"),
				destroy(),
			},
		},
		{
			name: "a connection without a name", policy: "policy.yaml", files: base,
			steps: []step{
				edited(nameTag, ""), apply(), connected(both),
				changed("", "", `- "Name"`).showing(connection, "no `Name`", "the next apply removes the `Name` of autopeer"),
				edited(`peer_owner_id = "222222222222"`, `peer_owner_id = "222222222222"`+"\n  "+ignoreName),
				unchanged().showing(connection, "no `Name`, `ignore_changes` on it", "no changes"),
				destroy(),
			},
		},
		{
			name: "acceptance across accounts", policy: "policy.yaml", files: base, expected: []string{"OperationNotPermitted"},
			steps: []step{
				edited(nameTag, nameTag+"\n  auto_accept = true"),
				refused("OperationNotPermitted"), connected(both),
				changed("\n  auto_accept = true", "", "is tainted, so must be replaced").
					showing(connection, "`auto_accept = true` across accounts",
						"`OperationNotPermitted`, and the live connection is tainted"),
				commands("untaint.sh"), add("accepter.tf"), apply(),
				unchanged().showing("`aws_vpc_peering_connection_accepter`", "no `auto_accept`, a `Name`", complete),
				destroy(),
			},
		},
		{
			name: "approval and DNS", policy: "approval", files: base, expected: []string{"OperationNotPermitted"},
			steps: []step{
				apply(), add("options.tf"),
				refused("OperationNotPermitted").
					showing(options, "next to a new connection", "`OperationNotPermitted`, and only the options are tainted"),
				without("options.tf"), add("approval.tf"), apply(), connected(both),
				unchanged().showing("`aws_ec2_tag` with `autopeer:approved`", "`approval: manual`", complete),
				add("options.tf"), apply(), unchanged().showing(options, "`dns: true` and the same value", "no changes"),
				edited("dns_resolution = true", "dns_resolution = false"), apply(),
				changed("", "", "allow_remote_vpc_dns_resolution").showing(options,
					"`dns: true` and another value", "changes at each plan"),
				destroy(),
			},
		},
	}
}

// routeTrials returns the trials of the page's configurations with routes and rules.
func routeTrials() []trial {
	return []trial{
		{
			name: "routes of Terraform", policy: "policy-none.yaml", files: with("routes.tf"),
			steps: []step{
				apply(), connected(both), unchanged().showing(routes, "`tables: none`", complete), destroy(),
			},
		},
		{
			name: "import", policy: "policy.yaml", files: base, expected: []string{"RouteAlreadyExists"},
			steps: []step{
				apply(), connected(both),
				add("routes.tf"),
				refused("RouteAlreadyExists").showing(routes, "none", "`RouteAlreadyExists` if autopeer is first"),
				forget("aws_vpc_peering_connection.finance"),
				redeployed("policy-none.yaml"),
				add("import.tf"), changed("", "", "3 to import, 0 to add, 0 to change, 0 to destroy"), apply(),
				unchanged().showing(routes, "imported", "no changes"),
				add("import-rule.tf"), apply(),
				unchanged().showing("`aws_vpc_security_group_ingress_rule` of autopeer",
					"imported, `ignore_changes` on the description", "no changes"),
				destroy(),
			},
		},
		{
			name: "inline routes and rules", policy: "policy.yaml", files: with("inline.tf"),
			steps: []step{
				apply(), connected(both), unchanged().showing("inline `route` and `ingress`", "`ignore_changes`", complete),
				changed("ignore_changes = [route]", "ignore_changes = []", lostRoute).
					showing("inline `route`", "none", "the next apply removes the routes of autopeer"),
				edited("ignore_changes = []", "ignore_changes = [route]"),
				changed("ignore_changes = [ingress]", "ignore_changes = []", lostIngress).
					showing("inline `ingress`", "none", "the next apply removes the rules of autopeer"),
				destroy(),
			},
		},
		{
			name: "default tables", policy: "policy.yaml", files: with("defaults.tf"),
			steps: []step{
				apply(), connected(both), unchanged().showing("`aws_default_route_table`", "adopted before the request", complete),
				forget("aws_default_route_table.marketing"), apply(), repaired(),
				unchanged().showing("`aws_default_route_table`", "adopted after the request", "autopeer restores the routes"),
				destroy(),
			},
		},
	}
}
