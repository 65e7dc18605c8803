# Two VPCs of one account, each with a table of its own for one of its subnets.
locals {
  blocks = { marketing = "10.10.0.0/16", finance = "10.20.0.0/16" }
}

resource "aws_vpc" "this" {
  for_each             = local.blocks
  cidr_block           = each.value
  enable_dns_hostnames = true
  tags                 = { Name = each.key }
}

resource "aws_subnet" "public" {
  for_each   = local.blocks
  vpc_id     = aws_vpc.this[each.key].id
  cidr_block = cidrsubnet(each.value, 8, 1)
}

resource "aws_subnet" "private" {
  for_each   = local.blocks
  vpc_id     = aws_vpc.this[each.key].id
  cidr_block = cidrsubnet(each.value, 8, 2)
}

resource "aws_route_table" "private" {
  for_each = local.blocks
  vpc_id   = aws_vpc.this[each.key].id
}

resource "aws_route_table_association" "private" {
  for_each       = local.blocks
  subnet_id      = aws_subnet.private[each.key].id
  route_table_id = aws_route_table.private[each.key].id
}
