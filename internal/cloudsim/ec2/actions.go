package ec2

// The parameters that every Describe call takes.
const paging = " Filter MaxResults NextToken"

var actions = map[string]action{
	"CreateVpc":                {true, "CidrBlock AmazonProvidedIpv6CidrBlock InstanceTenancy TagSpecification", createVpc},
	"CreateDefaultVpc":         {true, "", createDefaultVpc},
	"DeleteVpc":                {true, "VpcId", deleteVpc},
	"DescribeVpcs":             {false, "VpcId" + paging, describeVpcs},
	"DescribeVpcAttribute":     {false, "VpcId Attribute", describeVpcAttribute},
	"ModifyVpcAttribute":       {true, "VpcId EnableDnsSupport EnableDnsHostnames EnableNetworkAddressUsageMetrics", modifyVpcAttribute},
	"ModifyVpcTenancy":         {true, "VpcId InstanceTenancy", modifyTenancy},
	"AssociateVpcCidrBlock":    {true, "VpcId CidrBlock AmazonProvidedIpv6CidrBlock Ipv6CidrBlock Ipv6Pool", associateBlock},
	"DisassociateVpcCidrBlock": {true, "AssociationId", disassociateBlock},

	"CreateSubnet":                {true, "VpcId CidrBlock Ipv6CidrBlock Ipv6Native AvailabilityZone AvailabilityZoneId TagSpecification", createSubnet},
	"DeleteSubnet":                {true, "SubnetId", deleteSubnet},
	"DescribeSubnets":             {false, "SubnetId" + paging, describeSubnets},
	"ModifySubnetAttribute":       {true, subnetAttributeParams, modifySubnetAttribute},
	"AssociateSubnetCidrBlock":    {true, "SubnetId Ipv6CidrBlock", associateSubnetBlock},
	"DisassociateSubnetCidrBlock": {true, "AssociationId", disassociateSubnetBlock},

	"CreateDhcpOptions":    {true, "DhcpConfiguration TagSpecification", createDHCP},
	"DeleteDhcpOptions":    {true, "DhcpOptionsId", deleteDHCP},
	"DescribeDhcpOptions":  {false, "DhcpOptionsId" + paging, describeDHCP},
	"AssociateDhcpOptions": {true, "DhcpOptionsId VpcId", associateDHCP},

	"DescribeAvailabilityZones": {false, "ZoneName ZoneId AllAvailabilityZones Filter", describeZones},
	"DescribeRegions":           {false, "RegionName AllRegions Filter", describeRegions},
	"DescribeAccountAttributes": {false, "AttributeName", describeAccount},

	"CreateInternetGateway":    {true, "TagSpecification", createGateway},
	"AttachInternetGateway":    {true, "InternetGatewayId VpcId", attachGateway},
	"DetachInternetGateway":    {true, "InternetGatewayId VpcId", detachGateway},
	"DeleteInternetGateway":    {true, "InternetGatewayId", deleteGateway},
	"DescribeInternetGateways": {false, "InternetGatewayId" + paging, describeGateways},

	"CreateRouteTable":             {true, "VpcId TagSpecification", createTable},
	"DeleteRouteTable":             {true, "RouteTableId", deleteTable},
	"DescribeRouteTables":          {false, "RouteTableId" + paging, describeTables},
	"AssociateRouteTable":          {true, "RouteTableId SubnetId GatewayId", associateTable},
	"DisassociateRouteTable":       {true, "AssociationId", disassociateTable},
	"ReplaceRouteTableAssociation": {true, "AssociationId RouteTableId", replaceTableAssociation},
	"CreateRoute":                  {true, routeParams, createRoute},
	"ReplaceRoute":                 {true, routeParams, replaceRoute},
	"DeleteRoute":                  {true, "RouteTableId DestinationCidrBlock DestinationIpv6CidrBlock", deleteRoute},

	"CreateSecurityGroup":           {true, "GroupName GroupDescription VpcId TagSpecification", createGroup},
	"DeleteSecurityGroup":           {true, "GroupId", deleteGroup},
	"DescribeSecurityGroups":        {false, "GroupId" + paging, describeGroups},
	"DescribeSecurityGroupRules":    {false, "SecurityGroupRuleId" + paging, describeRules},
	"AuthorizeSecurityGroupIngress": {true, ruleParams + " TagSpecification", authorizeIngress},
	"AuthorizeSecurityGroupEgress":  {true, ruleParams + " TagSpecification", authorizeEgress},
	"RevokeSecurityGroupIngress":    {true, ruleParams + " SecurityGroupRuleId", revokeIngress},
	"RevokeSecurityGroupEgress":     {true, ruleParams + " SecurityGroupRuleId", revokeEgress},
	"ModifySecurityGroupRules":      {true, "GroupId SecurityGroupRule", modifyRules},
	"DescribeStaleSecurityGroups":   {false, "VpcId MaxResults NextToken", describeStaleGroups},

	"CreateNetworkAcl":             {true, "VpcId TagSpecification", createACL},
	"DeleteNetworkAcl":             {true, "NetworkAclId", deleteACL},
	"DescribeNetworkAcls":          {false, "NetworkAclId" + paging, describeACLs},
	"CreateNetworkAclEntry":        {true, aclEntryParams, createACLEntry},
	"ReplaceNetworkAclEntry":       {true, aclEntryParams, replaceACLEntry},
	"DeleteNetworkAclEntry":        {true, "NetworkAclId RuleNumber Egress", deleteACLEntry},
	"ReplaceNetworkAclAssociation": {true, "AssociationId NetworkAclId", replaceACLAssociation},

	"CreateManagedPrefixList":     {true, "PrefixListName MaxEntries AddressFamily Entry TagSpecification", createPrefixList},
	"DeleteManagedPrefixList":     {true, "PrefixListId", deletePrefixList},
	"DescribeManagedPrefixLists":  {false, "PrefixListId" + paging, describePrefixLists},
	"GetManagedPrefixListEntries": {false, "PrefixListId MaxResults NextToken", getPrefixListEntries},

	"RunInstances":       {true, "ImageId InstanceType SubnetId PrivateIpAddress SecurityGroupId NetworkInterface MinCount MaxCount TagSpecification", runInstances},
	"TerminateInstances": {true, "InstanceId", terminateInstances},
	"DescribeInstances":  {false, "InstanceId" + paging, describeInstances},

	"CreateNetworkInterface":            {true, interfaceParams, createInterface},
	"DeleteNetworkInterface":            {true, "NetworkInterfaceId", deleteInterface},
	"AttachNetworkInterface":            {true, "NetworkInterfaceId InstanceId DeviceIndex", attachInterface},
	"DetachNetworkInterface":            {true, "AttachmentId Force", detachInterface},
	"ModifyNetworkInterfaceAttribute":   {true, "NetworkInterfaceId SecurityGroupId SourceDestCheck Description Attachment", modifyInterface},
	"DescribeNetworkInterfaces":         {false, "NetworkInterfaceId" + paging, describeInterfaces},
	"DescribeNetworkInterfaceAttribute": {false, "NetworkInterfaceId Attribute", describeInterfaceAttribute},
	"AssignPrivateIpAddresses":          {true, "NetworkInterfaceId PrivateIpAddress SecondaryPrivateIpAddressCount AllowReassignment", assignAddresses},
	"UnassignPrivateIpAddresses":        {true, "NetworkInterfaceId PrivateIpAddress", unassignAddresses},
	"AssignIpv6Addresses":               {true, "NetworkInterfaceId Ipv6Addresses Ipv6AddressCount", assignSix},
	"UnassignIpv6Addresses":             {true, "NetworkInterfaceId Ipv6Addresses", unassignSix},

	"CreateVpcPeeringConnection":        {true, "VpcId PeerVpcId PeerOwnerId PeerRegion RequesterPeeringConnectionOptions TagSpecification", createConnection},
	"AcceptVpcPeeringConnection":        {true, "VpcPeeringConnectionId", acceptConnection},
	"RejectVpcPeeringConnection":        {true, "VpcPeeringConnectionId", rejectConnection},
	"DeleteVpcPeeringConnection":        {true, "VpcPeeringConnectionId", deleteConnection},
	"DescribeVpcPeeringConnections":     {false, "VpcPeeringConnectionId" + paging, describeConnections},
	"ModifyVpcPeeringConnectionOptions": {true, "VpcPeeringConnectionId RequesterPeeringConnectionOptions AccepterPeeringConnectionOptions", modifyOptions},

	"CreateTags":   {true, "ResourceId Tag", createTags},
	"DeleteTags":   {true, "ResourceId Tag", deleteTags},
	"DescribeTags": {false, paging, describeTags},
}
