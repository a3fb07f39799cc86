# The fleet of the production module with a warm pool, in the account's default VPC.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

# The endpoint comes from AWS_ENDPOINT_URL.
provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true

  default_tags {
    tags = { Project = var.name }
  }
}

variable "name" { type = string }

variable "image" { type = string }

data "aws_subnets" "all" {}

data "aws_security_groups" "all" {}

module "fleet" {
  source = "../../../../infra/modules/fleet"

  prefix                  = var.name
  subnet_ids              = slice(sort(data.aws_subnets.all.ids), 0, 1)
  security_group_id       = data.aws_security_groups.all.ids[0]
  instance_types          = ["g4dn.xlarge", "g5.xlarge"]
  ami                     = "resolve:ssm:/aws/service/ecs/optimized-ami/amazon-linux-2023/gpu/recommended/image_id"
  spot_percentage         = 0
  on_demand_base          = 0
  minimum_tasks           = 0
  maximum_tasks           = 3
  warm_pool_size          = 1
  root_volume             = { size_gb = 40, iops = 3000, throughput_mb_per_second = 125 }
  instance_warmup_seconds = 240
  container_insights      = "disabled"
  image                   = var.image
  environment             = {}
  task_memory_mb          = 8192
  stop_timeout_seconds    = 5
  queue_arn               = "arn:aws:sqs:us-east-1:000000000000:jobs.fifo"
  jobs_table_arn          = "arn:aws:dynamodb:us-east-1:000000000000:table/jobs"
  log_retention_days      = 7
  item_conditions = {
    for kind in ["jobs", "jobs_and_ledger", "workers"] :
    kind => { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["*"] } }
  }
}
