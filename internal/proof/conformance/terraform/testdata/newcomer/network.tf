# The resources of a department's VPC apart from peering connections.
data "aws_caller_identity" "this" {}

data "aws_region" "this" {}

data "aws_regions" "all" {}

data "aws_availability_zones" "this" {}

data "aws_ec2_instance_type" "this" { instance_type = "t3.micro" }

resource "aws_vpc" "this" {
  cidr_block                       = "10.10.0.0/16"
  assign_generated_ipv6_cidr_block = true
}

resource "aws_subnet" "a" {
  vpc_id                          = aws_vpc.this.id
  cidr_block                      = "10.10.1.0/24"
  ipv6_cidr_block                 = cidrsubnet(aws_vpc.this.ipv6_cidr_block, 8, 1)
  assign_ipv6_address_on_creation = true
  map_public_ip_on_launch         = false
  availability_zone               = data.aws_availability_zones.this.names[0]
}

resource "aws_egress_only_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_ec2_managed_prefix_list" "offices" {
  name           = "offices"
  address_family = "IPv4"
  max_entries    = 3
  entry {
    cidr        = "192.0.2.0/24"
    description = "an office"
  }
}

resource "aws_network_interface" "this" {
  subnet_id       = aws_subnet.a.id
  private_ips     = ["10.10.1.100"]
  security_groups = [aws_security_group.this.id]
}

resource "aws_route_table" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_route" "ipv6" {
  route_table_id              = aws_route_table.this.id
  destination_ipv6_cidr_block = "::/0"
  egress_only_gateway_id      = aws_egress_only_internet_gateway.this.id
}

resource "aws_route" "offices" {
  route_table_id             = aws_route_table.this.id
  destination_prefix_list_id = aws_ec2_managed_prefix_list.offices.id
  network_interface_id       = aws_network_interface.this.id
}

resource "aws_route_table_association" "this" {
  subnet_id      = aws_subnet.a.id
  route_table_id = aws_route_table.this.id
}

resource "aws_security_group" "this" {
  name   = "servers"
  vpc_id = aws_vpc.this.id
}

resource "aws_vpc_security_group_ingress_rule" "offices" {
  security_group_id = aws_security_group.this.id
  prefix_list_id    = aws_ec2_managed_prefix_list.offices.id
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
  description       = "first"
}

resource "aws_vpc_security_group_egress_rule" "all" {
  security_group_id = aws_security_group.this.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}

resource "aws_security_group" "inline" {
  name   = "inline"
  vpc_id = aws_vpc.this.id
  ingress {
    protocol    = "tcp"
    from_port   = 80
    to_port     = 80
    cidr_blocks = ["10.10.0.0/16"]
    description = "first"
  }
  egress {
    protocol    = "tcp"
    from_port   = 80
    to_port     = 80
    cidr_blocks = ["10.10.0.0/16"]
    description = "first"
  }
}

resource "aws_network_acl" "this" {
  vpc_id     = aws_vpc.this.id
  subnet_ids = [aws_subnet.a.id]
}

resource "aws_network_acl_rule" "this" {
  for_each       = { in = false, out = true }
  network_acl_id = aws_network_acl.this.id
  rule_number    = 100
  egress         = each.value
  protocol       = "-1"
  rule_action    = "allow"
  cidr_block     = "0.0.0.0/0"
}

resource "aws_instance" "this" {
  ami                    = "ami-0a1b2c3d4e5f60001"
  instance_type          = "t3.micro"
  subnet_id              = aws_subnet.a.id
  vpc_security_group_ids = [aws_security_group.this.id]
  ebs_optimized          = true
  monitoring             = true
  credit_specification {
    cpu_credits = "standard"
  }
  tags = { Name = "server" }
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id          = aws_vpc.this.id
  service_name    = "com.amazonaws.${data.aws_region.this.name}.s3"
  route_table_ids = [aws_route_table.this.id]
}

resource "aws_vpc_endpoint" "ssm" {
  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${data.aws_region.this.name}.ssm"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = [aws_subnet.a.id]
  security_group_ids  = [aws_security_group.this.id]
  private_dns_enabled = false
}

resource "aws_ec2_transit_gateway" "this" {
  description                     = "to the offices"
  amazon_side_asn                 = 64600
  default_route_table_propagation = "disable"
}

resource "aws_ec2_transit_gateway_vpc_attachment" "this" {
  transit_gateway_id                              = aws_ec2_transit_gateway.this.id
  vpc_id                                          = aws_vpc.this.id
  subnet_ids                                      = [aws_subnet.a.id]
  transit_gateway_default_route_table_propagation = false
}

resource "aws_ec2_transit_gateway_route_table" "offices" {
  transit_gateway_id = aws_ec2_transit_gateway.this.id
}

resource "aws_ec2_transit_gateway_route_table_propagation" "offices" {
  transit_gateway_attachment_id  = aws_ec2_transit_gateway_vpc_attachment.this.id
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.offices.id
}

resource "aws_ec2_transit_gateway_route" "nowhere" {
  destination_cidr_block         = "203.0.113.0/24"
  blackhole                      = true
  transit_gateway_route_table_id = aws_ec2_transit_gateway_route_table.offices.id
}

resource "aws_route" "transit" {
  route_table_id         = aws_route_table.this.id
  destination_cidr_block = "203.0.113.0/24"
  transit_gateway_id     = aws_ec2_transit_gateway.this.id
  depends_on             = [aws_ec2_transit_gateway_vpc_attachment.this]
}
