terraform {
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # Tested with this one. The module is written for >= 5.100, < 7: docs/deploy.md says how to move.
      version = "5.100.0"
    }
  }

  # State is kept in a local file, chosen with `-state`. To keep it in S3, add a file backend.tf with
  # `terraform { backend "s3" { use_lockfile = true } }` and initialise with
  # `-backend-config=<file>`: it can't be declared here, since `-state` and a backend exclude
  # each other.
}

locals {
  emulated = var.target == "localstack"
}

# The targets differ only here. With target = "aws" nothing is set, so that the AWS SDK's own
# variables apply (credentials, AWS_PROFILE, AWS_ENDPOINT_URL).
provider "aws" {
  region = var.region

  access_key                  = local.emulated ? "test" : null
  secret_key                  = local.emulated ? "test" : null
  skip_credentials_validation = local.emulated
  skip_metadata_api_check     = local.emulated

  # Every service that the module uses; requests to a service that is missing here would go to AWS.
  dynamic "endpoints" {
    for_each = local.emulated ? [var.emulator_endpoint] : []

    content {
      apigateway     = endpoints.value
      appautoscaling = endpoints.value
      autoscaling    = endpoints.value
      budgets        = endpoints.value
      cloudwatch     = endpoints.value
      dynamodb       = endpoints.value
      ec2            = endpoints.value
      ecr            = endpoints.value
      ecs            = endpoints.value
      events         = endpoints.value
      iam            = endpoints.value
      lambda         = endpoints.value
      logs           = endpoints.value
      sfn            = endpoints.value
      sns            = endpoints.value
      sqs            = endpoints.value
      sts            = endpoints.value
      wafv2          = endpoints.value
    }
  }

  default_tags {
    tags = merge(var.tags, {
      Project     = var.project
      Environment = var.environment
      ManagedBy   = "terraform"
      # Project and environment in one tag, since a budget can filter by one tag only.
      Deployment = local.prefix
    })
  }
}
