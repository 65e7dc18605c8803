data "aws_vpc" "this" {
  id         = aws_vpc.this.id
  cidr_block = "10.10.0.0/16"
}

data "aws_vpcs" "all" {}

data "aws_subnet" "this" { id = aws_subnet.a.id }

data "aws_subnets" "this" {
  filter {
    name   = "vpc-id"
    values = [aws_vpc.this.id]
  }
}

data "aws_route_table" "this" { subnet_id = aws_subnet.a.id }

data "aws_route_tables" "this" { vpc_id = aws_vpc.this.id }

data "aws_route" "ipv6" {
  route_table_id              = aws_route_table.this.id
  destination_ipv6_cidr_block = "::/0"
}

data "aws_security_group" "this" {
  vpc_id = aws_vpc.this.id
  name   = "servers"
}

data "aws_security_groups" "this" {
  filter {
    name   = "vpc-id"
    values = [aws_vpc.this.id]
  }
}

data "aws_vpc_security_group_rules" "this" {
  filter {
    name   = "group-id"
    values = [aws_security_group.this.id]
  }
}

data "aws_network_acls" "this" { vpc_id = aws_vpc.this.id }

data "aws_network_interface" "this" { id = aws_network_interface.this.id }

data "aws_network_interfaces" "this" {
  filter {
    name   = "subnet-id"
    values = [aws_subnet.a.id]
  }
}

data "aws_instance" "this" { instance_id = aws_instance.this.id }

data "aws_instances" "this" { instance_tags = { Name = "server" } }

data "aws_ec2_managed_prefix_list" "offices" { id = aws_ec2_managed_prefix_list.offices.id }

data "aws_ec2_managed_prefix_list" "s3" { name = "com.amazonaws.us-east-1.s3" }

data "aws_prefix_list" "s3" { prefix_list_id = aws_vpc_endpoint.s3.prefix_list_id }

data "aws_vpc_endpoint" "s3" { id = aws_vpc_endpoint.s3.id }

data "aws_vpc_peering_connections" "this" {}

data "aws_vpc_dhcp_options" "this" { dhcp_options_id = data.aws_vpc.this.dhcp_options_id }

data "aws_ec2_transit_gateway_vpc_attachments" "all" {}

data "aws_eips" "all" {}

data "aws_nat_gateways" "all" {}
