# A web ACL in front of the stage, if one is asked for: it ends what is not shaped like an
# interaction, and limits each source, before requests count for the throttle that all share.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-aws-waf.html
# https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based.html

locals {
  web_acl = var.requests_per_source == null ? [] : ["this"]
}

resource "aws_wafv2_web_acl" "this" {
  # checkov:skip=CKV_AWS_192: The request's handler logs no text of a request; Log4j runs nowhere here
  # checkov:skip=CKV2_AWS_31: Its log would hold the headers of interactions; the metrics count what it blocks
  for_each = toset(local.web_acl)

  name        = local.name
  description = "Blocks what is not shaped like an interaction, and sources that send too much."
  scope       = "REGIONAL"

  default_action {
    allow {}
  }

  # Every request of Discord's has a signature, its tests with a wrong one too: 64 bytes in hex.
  # https://docs.discord.com/developers/interactions/overview#setting-up-an-endpoint-validating-security-request-headers
  rule {
    name     = "unsigned"
    priority = 0

    action {
      block {}
    }

    statement {
      not_statement {
        statement {
          size_constraint_statement {
            comparison_operator = "EQ"
            size                = 128

            field_to_match {
              single_header {
                name = "x-signature-ed25519"
              }
            }

            text_transformation {
              priority = 0
              type     = "NONE"
            }
          }
        }
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${local.name}-unsigned"
      sampled_requests_enabled   = false
    }
  }

  rule {
    name     = "requests-per-source"
    priority = 1

    action {
      block {}
    }

    statement {
      rate_based_statement {
        limit                 = var.requests_per_source
        aggregate_key_type    = "IP"
        evaluation_window_sec = 60
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${local.name}-per-source"
      sampled_requests_enabled   = false
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = local.name
    sampled_requests_enabled   = false
  }
}

resource "aws_wafv2_web_acl_association" "stage" {
  for_each = aws_wafv2_web_acl.this

  resource_arn = aws_api_gateway_stage.this.arn
  web_acl_arn  = each.value.arn
}
