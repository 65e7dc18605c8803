# Routes to single subnets, as modules with lists of destinations make them.
locals {
  destinations = ["10.20.1.0/24", "10.20.2.0/24"]
}

resource "aws_route" "requester" {
  for_each                  = toset(local.destinations)
  route_table_id            = aws_route_table.marketing.id
  destination_cidr_block    = each.value
  vpc_peering_connection_id = aws_vpc_peering_connection.finance.id
  timeouts {
    create = "2m"
    delete = "2m"
  }
}

resource "aws_route" "accepter" {
  provider                  = aws.finance
  route_table_id            = aws_vpc.finance.main_route_table_id
  destination_cidr_block    = "10.10.1.0/24"
  vpc_peering_connection_id = aws_vpc_peering_connection.finance.id
}
