# The calls of modules that connect two VPCs of one account: they look up subnets and their tables, accept the connection by
# themselves, set both DNS options and add a route to each block in each table.
data "aws_vpc" "this" {
  for_each = local.blocks
  tags     = { Name = each.key }
}

data "aws_subnets" "this" {
  for_each = local.blocks
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.this[each.key].id]
  }
}

data "aws_route_tables" "this" {
  for_each = local.blocks
  vpc_id   = data.aws_vpc.this[each.key].id
  filter {
    name   = "association.subnet-id"
    values = data.aws_subnets.this[each.key].ids
  }
}

data "aws_route_tables" "main" {
  for_each = local.blocks
  vpc_id   = data.aws_vpc.this[each.key].id
  filter {
    name   = "association.main"
    values = ["true"]
  }
}

resource "aws_vpc_peering_connection" "this" {
  vpc_id      = data.aws_vpc.this["marketing"].id
  peer_vpc_id = data.aws_vpc.this["finance"].id
  auto_accept = true
  accepter {
    allow_remote_vpc_dns_resolution = true
  }
  requester {
    allow_remote_vpc_dns_resolution = true
  }
  tags = { Name = "marketing-finance" }
}

locals {
  others = { marketing = "finance", finance = "marketing" }
  routes = merge([
    for name, other in local.others : merge([
      for table in concat(data.aws_route_tables.this[name].ids, data.aws_route_tables.main[name].ids) : {
        for block in data.aws_vpc.this[other].cidr_block_associations :
        "${table}-${block.cidr_block}" => { table = table, block = block.cidr_block }
      }
    ]...)
  ]...)
}

resource "aws_route" "this" {
  for_each                  = local.routes
  route_table_id            = each.value.table
  destination_cidr_block    = each.value.block
  vpc_peering_connection_id = aws_vpc_peering_connection.this.id
}
