# The network of the GPU instances: public subnets, since a NAT gateway costs more than a quiet fleet,
# in the zones that have one of the instance types; and a security group without inbound rules.

data "aws_region" "current" {}

data "aws_availability_zones" "open" {
  # checkov:skip=CKV_AWS_394: A zone that AWS adds gets a subnet of its own and moves no other one: each is numbered by its zone's letter
  state = "available"

  # Without Local Zones, which an account may have opted into.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

data "aws_ec2_instance_type_offerings" "zones" {
  location_type = "availability-zone"

  filter {
    name   = "instance-type"
    values = var.instance_types
  }
}

locals {
  zones = sort(setintersection(
    data.aws_availability_zones.open.names,
    data.aws_ec2_instance_type_offerings.zones.locations,
  ))

  # Each zone's subnet has the block of its letter, whichever other zones there are: one that AWS
  # adds, or that another instance type brings, must not move the subnets that instances are in.
  zone_letters = split("", "abcdefghijklmnop")

  vpc_id     = var.create_vpc ? aws_vpc.this[0].id : data.aws_vpc.given[0].id
  subnet_ids = var.create_vpc ? [for subnet in aws_subnet.public : subnet.id] : data.aws_subnets.given[0].ids
}

resource "aws_security_group" "instances" {
  # checkov:skip=CKV2_AWS_5: The fleet's launch template has it, through a variable that this check does not follow
  name        = "${var.prefix}-instances"
  description = "GPU instances: nothing comes in, HTTPS goes out."
  vpc_id      = local.vpc_id
}

# AWS, Discord and the model's hub are reached by HTTPS; the VPC's own name and time servers need no rule.
resource "aws_vpc_security_group_egress_rule" "https" {
  security_group_id = aws_security_group.instances.id
  description       = "HTTPS"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"

  tags = { Name = "${var.prefix}-https" }
}
