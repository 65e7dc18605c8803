package terraform

// moduleTrials returns the trials of configurations that make the calls of public modules.
func moduleTrials() []trial {
	return []trial{
		{
			name: "modules that make VPCs", policy: "policy.yaml", files: []string{"providers.tf", "vpc-module"},
			steps: []step{
				get(), apply(), connected(both),
				unchanged().showing("terraform-aws-modules/vpc twice and a connection", "`ignore_tags`", complete), destroy(),
			},
		},
		newcomer(),
		{
			name: "modules within an account", policy: "one-account", files: []string{"providers.tf", "one-account"},
			steps: []step{
				apply(), add("one-account-peering"), apply(), connected(1),
				unchanged().showing("cloudposse/vpc-peering, one account", "`tables: none`, `dns: true`, `ignore_tags`", complete),
				destroy(),
			},
		},
		{
			name: "modules for two accounts, with routes", policy: "policy-none.yaml",
			files: []string{"providers.tf", "networks.tf"},
			steps: []step{
				apply(), add("two-accounts"), get(), apply(), connected(both),
				unchanged().showing("cloudposse/vpc-peering-multi-account", "`tables: none`, `dns: true`, `ignore_tags`", complete),
				destroy(),
			},
		},
		{
			name: "modules for two accounts, without routes", policy: "policy.yaml",
			files: []string{"providers.tf", "networks.tf", "two-accounts"},
			steps: []step{
				get(), edited("create_routes    = true", "create_routes    = false"), apply(), connected(both),
				unchanged().showing("grem11n/vpc-peering, two accounts",
					"`from_this = false`, `from_peer = false`, `dns: true`, a `Name`, `ignore_tags`", complete),
				destroy(),
			},
		},
		{
			name: "modules with routes to subnets", policy: "policy-none.yaml", files: with("subnets-routes"),
			steps: []step{
				apply(), connected(both),
				unchanged().showing("sourcefuse/arc-vpc-peering, routes to subnets", "`tables: none`, `ignore_tags`", complete),
				destroy(),
			},
		},
	}
}

// newcomer returns the trial of a newcomer's own VPC, with its data sources and a second apply.
func newcomer() trial {
	return trial{
		name: "a newcomer's network", policy: "policy.yaml", files: []string{"providers.tf", "newcomer"},
		steps: []step{
			apply(), add("newcomer-data"), unchanged(),
			// A changed description of an entry fails in AWS too:
			// https://github.com/hashicorp/terraform-provider-aws/pull/43661
			edited(`"first"`, `"second"`), edited("192.0.2.0/24", "198.51.100.0/24"),
			edited("_on_launch         = false", "_on_launch         = true"), edited("= 22", "= 23"),
			apply(), unchanged(), destroy(),
		},
	}
}
