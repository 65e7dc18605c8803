module "peering" {
  source    = "./peering"
  providers = { aws.requester = aws, aws.accepter = aws.finance }

  requester_vpc_id = aws_vpc.marketing.id
  accepter_vpc_id  = aws_vpc.finance.id
  create_routes    = true
}
