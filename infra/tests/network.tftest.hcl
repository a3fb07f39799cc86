mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  prefix         = "bot-test"
  create_vpc     = true
  instance_types = ["g4dn.xlarge", "g5.xlarge"]
}

run "a_vpc_of_its_own_has_a_public_subnet_in_every_zone_with_a_gpu" {
  module {
    source = "./modules/network"
  }

  assert {
    condition     = output.zones == tolist(["us-east-1a", "us-east-1b"])
    error_message = "The zones: ${jsonencode(output.zones)}"
  }

  assert {
    condition = { for zone, subnet in aws_subnet.public : zone => [subnet.cidr_block, subnet.tags.Tier] } == {
      us-east-1a = ["10.0.0.0/20", "Public"]
      us-east-1b = ["10.0.16.0/20", "Public"]
    }
    error_message = "The subnets: ${jsonencode(aws_subnet.public)}"
  }

  assert {
    condition     = [for route in aws_route_table.public[0].route : [route.cidr_block, route.gateway_id]] == [["0.0.0.0/0", aws_internet_gateway.this[0].id]]
    error_message = "The only route must lead to the internet gateway: a NAT gateway costs more than a quiet fleet."
  }

  assert {
    condition     = length(aws_route_table_association.public) == 2
    error_message = "Each subnet must have the route."
  }

  assert {
    condition = {
      for service, endpoint in aws_vpc_endpoint.gateway : service => [endpoint.service_name, endpoint.vpc_endpoint_type]
      } == {
      s3       = ["com.amazonaws.us-east-1.s3", "Gateway"]
      dynamodb = ["com.amazonaws.us-east-1.dynamodb", "Gateway"]
    }
    error_message = "The endpoints must be gateways: interface endpoints are not free."
  }

  assert {
    condition     = length(output.subnet_ids) == 2 && output.vpc_id == aws_vpc.this[0].id
    error_message = "The outputs must be of the VPC that was made."
  }
}

run "a_new_zone_moves_no_existing_subnet" {
  command = plan

  module {
    source = "./modules/network"
  }

  override_data {
    target = data.aws_ec2_instance_type_offerings.zones
    values = { locations = ["us-east-1a", "us-east-1c"] }
  }

  assert {
    condition = { for zone, subnet in aws_subnet.public : zone => subnet.cidr_block } == {
      us-east-1a = "10.0.0.0/20"
      us-east-1c = "10.0.32.0/20"
    }
    error_message = "Each zone's block must be its letter's: ${jsonencode({ for zone, subnet in aws_subnet.public : zone => subnet.cidr_block })}"
  }
}

run "the_vpcs_default_security_group_has_no_rules" {
  module {
    source = "./modules/network"
  }

  assert {
    condition     = [for group in aws_default_security_group.closed : group.vpc_id] == [aws_vpc.this[0].id]
    error_message = "The default security group must be taken over, without rules."
  }
}

run "the_security_group_allows_only_outbound_https" {
  module {
    source = "./modules/network"
  }

  assert {
    condition     = length(aws_security_group.instances.ingress) == 0
    error_message = "The security group must have no inbound rule."
  }

  assert {
    condition = [
      aws_vpc_security_group_egress_rule.https.ip_protocol, aws_vpc_security_group_egress_rule.https.from_port, aws_vpc_security_group_egress_rule.https.to_port,
    ] == ["tcp", 443, 443]
    error_message = "The only outbound rule must be HTTPS."
  }
}

run "an_existing_vpc_provides_its_public_subnets" {
  module {
    source = "./modules/network"
  }

  variables {
    create_vpc = false
    vpc_id     = "vpc-0123456789abcdef0"
  }

  assert {
    condition     = output.subnet_ids == tolist(["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]) && output.vpc_id == "vpc-0123456789abcdef0"
    error_message = "The subnets: ${jsonencode(output.subnet_ids)}"
  }

  assert {
    condition     = data.aws_subnets.given[0].tags == tomap({ Tier = "Public" })
    error_message = "Only subnets tagged Tier=Public must be taken."
  }

  assert {
    condition = { for filter in data.aws_subnets.given[0].filter : filter.name => join(",", sort(filter.values)) } == {
      vpc-id            = "vpc-0123456789abcdef0"
      availability-zone = "us-east-1a,us-east-1b"
    }
    error_message = "Only the VPC's subnets in zones with a GPU must be taken."
  }

  assert {
    condition     = length(aws_vpc.this) + length(aws_subnet.public) + length(aws_vpc_endpoint.gateway) == 0
    error_message = "Nothing of a VPC that is there must be made."
  }
}

run "without_an_id_the_default_vpc_is_used" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    create_vpc = false
  }

  assert {
    condition     = data.aws_vpc.given[0].default
    error_message = "The VPC must be the default one."
  }
}

run "a_vpc_without_a_public_subnet_is_refused" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    create_vpc = false
  }

  override_data {
    target = data.aws_subnets.given
    values = { ids = [] }
  }

  expect_failures = [data.aws_subnets.given]
}

run "a_region_with_gpus_in_one_zone_only_is_refused" {
  command = plan

  module {
    source = "./modules/network"
  }

  override_data {
    target = data.aws_ec2_instance_type_offerings.zones
    values = { locations = ["us-east-1a"] }
  }

  expect_failures = [aws_subnet.public]
}

run "an_address_block_that_is_too_small_is_refused" {
  command = plan

  module {
    source = "./modules/network"
  }

  variables {
    cidr_block = "10.0.0.0/26"
  }

  expect_failures = [var.cidr_block]
}
