# The calls of modules that connect VPCs of two accounts: an accepter resource accepts, options follow on both sides, and each
# side gets a route to each block of the other one.
terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      configuration_aliases = [aws.requester, aws.accepter]
    }
  }
}

variable "requester_vpc_id" { type = string }

variable "accepter_vpc_id" { type = string }

variable "create_routes" { type = bool }

data "aws_caller_identity" "accepter" { provider = aws.accepter }

data "aws_region" "accepter" { provider = aws.accepter }

data "aws_vpc" "requester" {
  provider = aws.requester
  id       = var.requester_vpc_id
}

data "aws_vpc" "accepter" {
  provider = aws.accepter
  id       = var.accepter_vpc_id
}

data "aws_subnets" "requester" {
  provider = aws.requester
  filter {
    name   = "vpc-id"
    values = [var.requester_vpc_id]
  }
}

data "aws_route_table" "requester" {
  count     = var.create_routes ? length(data.aws_subnets.requester.ids) : 0
  provider  = aws.requester
  subnet_id = data.aws_subnets.requester.ids[count.index]
}

data "aws_route_tables" "accepter" {
  provider = aws.accepter
  vpc_id   = var.accepter_vpc_id
}

resource "aws_vpc_peering_connection" "requester" {
  provider      = aws.requester
  vpc_id        = data.aws_vpc.requester.id
  peer_vpc_id   = data.aws_vpc.accepter.id
  peer_owner_id = data.aws_caller_identity.accepter.account_id
  peer_region   = data.aws_region.accepter.name
  auto_accept   = false
  tags          = { Name = "marketing-finance", Side = "requester" }
}

resource "aws_vpc_peering_connection_accepter" "accepter" {
  provider                  = aws.accepter
  vpc_peering_connection_id = aws_vpc_peering_connection.requester.id
  auto_accept               = true
  tags                      = { Name = "marketing-finance", Side = "accepter" }
}

resource "aws_vpc_peering_connection_options" "requester" {
  provider                  = aws.requester
  vpc_peering_connection_id = aws_vpc_peering_connection_accepter.accepter.id
  requester {
    allow_remote_vpc_dns_resolution = true
  }
}

resource "aws_vpc_peering_connection_options" "accepter" {
  provider                  = aws.accepter
  vpc_peering_connection_id = aws_vpc_peering_connection_accepter.accepter.id
  accepter {
    allow_remote_vpc_dns_resolution = true
  }
}

resource "aws_route" "requester" {
  count                     = length(data.aws_route_table.requester)
  provider                  = aws.requester
  route_table_id            = data.aws_route_table.requester[count.index].route_table_id
  destination_cidr_block    = data.aws_vpc.accepter.cidr_block_associations[0].cidr_block
  vpc_peering_connection_id = aws_vpc_peering_connection.requester.id
  depends_on                = [aws_vpc_peering_connection_accepter.accepter]
}

resource "aws_route" "accepter" {
  count                     = var.create_routes ? length(data.aws_route_tables.accepter.ids) : 0
  provider                  = aws.accepter
  route_table_id            = data.aws_route_tables.accepter.ids[count.index]
  destination_cidr_block    = data.aws_vpc.requester.cidr_block_associations[0].cidr_block
  vpc_peering_connection_id = aws_vpc_peering_connection.requester.id
  depends_on                = [aws_vpc_peering_connection_accepter.accepter]
}
