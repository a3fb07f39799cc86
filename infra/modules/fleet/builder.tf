# Who the instance is that `make ami` starts, pulls the worker's image on and makes an AMI of. It may
# pull that image and nothing else; there is no such instance at any other time, and this is free.

resource "aws_iam_role" "builder" {
  name               = local.roles.builder.name
  assume_role_policy = local.assume_role_policies.builder
}

resource "aws_iam_role_policy" "builder" {
  name   = local.roles.builder.name
  role   = aws_iam_role.builder.name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.pull_statements })
}

resource "aws_iam_instance_profile" "builder" {
  name = local.roles.builder.name
  role = aws_iam_role.builder.name
}
