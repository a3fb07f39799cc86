# An existing VPC: the one that is named, or the region's default one.

data "aws_vpc" "given" {
  count = var.create_vpc ? 0 : 1

  id      = var.vpc_id
  default = var.vpc_id == null ? true : null
}

data "aws_subnets" "given" {
  count = var.create_vpc ? 0 : 1

  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.given[0].id]
  }

  filter {
    name   = "availability-zone"
    values = local.zones
  }

  tags = { Tier = "Public" }

  lifecycle {
    postcondition {
      condition     = length(self.ids) > 0
      error_message = "The VPC must have a subnet tagged Tier=Public, with a route to an internet gateway, in a zone that has one of the instance types: tag its public subnets so, or set network.create_vpc = true."
    }
  }
}
