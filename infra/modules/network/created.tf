# A VPC of the deployment's own.

resource "aws_vpc" "this" {
  # checkov:skip=CKV2_AWS_11: Flow logs cost by the gigabyte, and model and image are gigabytes; nothing can come in
  count = var.create_vpc ? 1 : 0

  cidr_block         = var.cidr_block
  enable_dns_support = true

  tags = { Name = var.prefix }
}

# AWS creates it with the VPC, open between its members; without rules it allows nothing.
resource "aws_default_security_group" "closed" {
  count = var.create_vpc ? 1 : 0

  vpc_id = aws_vpc.this[0].id

  tags = { Name = "${var.prefix}-closed" }
}

resource "aws_internet_gateway" "this" {
  count = var.create_vpc ? 1 : 0

  vpc_id = aws_vpc.this[0].id

  tags = { Name = var.prefix }
}

# The launch template requests public addresses; nothing else in these subnets gets one by default.
resource "aws_subnet" "public" {
  for_each = var.create_vpc ? { for zone in local.zones : zone => index(local.zone_letters, substr(zone, -1, 1)) } : {}

  vpc_id            = aws_vpc.this[0].id
  availability_zone = each.key
  cidr_block        = cidrsubnet(var.cidr_block, 4, each.value)

  tags = { Name = "${var.prefix}-${each.key}", Tier = "Public" }

  lifecycle {
    precondition {
      condition     = length(local.zones) >= 2
      error_message = "The region must have one of the instance types in at least two zones; it has them in ${length(local.zones)}. Add a type to fleet.instance_types, or use another region."
    }
  }
}

resource "aws_route_table" "public" {
  count = var.create_vpc ? 1 : 0

  vpc_id = aws_vpc.this[0].id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.this[0].id
  }

  tags = { Name = var.prefix }
}

resource "aws_route_table_association" "public" {
  for_each = aws_subnet.public

  subnet_id      = each.value.id
  route_table_id = aws_route_table.public[0].id
}

# Free, unlike interface endpoints; image layers (ECR keeps them in S3) and the jobs table are
# reached without leaving AWS.
resource "aws_vpc_endpoint" "gateway" {
  for_each = var.create_vpc ? toset(["s3", "dynamodb"]) : []

  vpc_id            = aws_vpc.this[0].id
  vpc_endpoint_type = "Gateway"
  service_name      = "com.amazonaws.${data.aws_region.current.id}.${each.key}"
  route_table_ids   = [aws_route_table.public[0].id]

  tags = { Name = "${var.prefix}-${each.key}" }
}
