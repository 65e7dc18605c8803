module "marketing" {
  source = "./vpc"
  name   = "marketing"
  cidr   = "10.10.0.0/16"
}

module "finance" {
  source    = "./vpc"
  providers = { aws = aws.finance }
  name      = "finance"
  cidr      = "10.20.0.0/16"
}

resource "aws_vpc_peering_connection" "finance" {
  vpc_id        = module.marketing.vpc_id
  peer_vpc_id   = module.finance.vpc_id
  peer_owner_id = "222222222222"
  tags          = { Name = "marketing-finance" }
}
