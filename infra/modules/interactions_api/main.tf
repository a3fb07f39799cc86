# POST /interactions of a regional REST API, passed to a Lambda unchanged: the signature is over
# the raw body.

locals {
  name = "${var.prefix}-interactions"

  # No body and no headers: they hold the interaction's token and its signature.
  access_log_format = jsonencode({
    requestId          = "$context.requestId"
    requestTime        = "$context.requestTime"
    sourceIp           = "$context.identity.sourceIp"
    httpMethod         = "$context.httpMethod"
    resourcePath       = "$context.resourcePath"
    status             = "$context.status"
    responseLatency    = "$context.responseLatency"
    integrationLatency = "$context.integrationLatency"
    integrationStatus  = "$context.integrationStatus"
    error              = "$context.error.message"
  })
}

resource "aws_api_gateway_rest_api" "this" {
  name        = local.name
  description = "Receives Discord's interactions."

  endpoint_configuration {
    types = ["REGIONAL"]
  }

  # The new deployment serves requests before the old one is deleted.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_resource" "interactions" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_rest_api.this.root_resource_id
  path_part   = "interactions"
}

# Discord's signature authenticates the caller; the Lambda verifies it.
resource "aws_api_gateway_method" "post" {
  # checkov:skip=CKV_AWS_59: Discord cannot sign for IAM; it signs the body with Ed25519, which the Lambda verifies before anything else
  # checkov:skip=CKV2_AWS_53: The signature is over the raw body: nothing about it may be judged before the Lambda has verified it
  rest_api_id   = aws_api_gateway_rest_api.this.id
  resource_id   = aws_api_gateway_resource.interactions.id
  http_method   = "POST"
  authorization = "NONE"
}

resource "aws_api_gateway_integration" "lambda" {
  rest_api_id             = aws_api_gateway_rest_api.this.id
  resource_id             = aws_api_gateway_resource.interactions.id
  http_method             = aws_api_gateway_method.post.http_method
  type                    = "AWS_PROXY"
  integration_http_method = "POST"
  uri                     = var.function_invoke
}

resource "aws_lambda_permission" "api" {
  statement_id  = "AllowInteractionsApi"
  action        = "lambda:InvokeFunction"
  function_name = var.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.this.execution_arn}/${var.stage_name}/POST/interactions"
}

resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id

  # A deployment is a snapshot: a change of anything in it must make a new one.
  triggers = {
    snapshot = sha1(jsonencode([
      aws_api_gateway_resource.interactions.id,
      aws_api_gateway_resource.interactions.path_part,
      aws_api_gateway_method.post.http_method,
      aws_api_gateway_method.post.authorization,
      aws_api_gateway_integration.lambda.type,
      aws_api_gateway_integration.lambda.uri,
    ]))
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "access" {
  # checkov:skip=CKV_AWS_158: CloudWatch Logs encrypts with a key of AWS's; a key of one's own costs a dollar a month, and no secret is logged
  # checkov:skip=CKV_AWS_338: Logs are kept no longer than they are of use: log_retention_days says how long
  name              = "/aws/apigateway/${local.name}"
  retention_in_days = var.log_retention_days
}

resource "aws_api_gateway_stage" "this" {
  # checkov:skip=CKV_AWS_73: X-Ray costs by the trace; the variable tracing switches it on
  # checkov:skip=CKV_AWS_120: No interaction is like another: an answer from a cache would be wrong
  # checkov:skip=CKV2_AWS_4: Execution logs hold the interaction's token and signature; the access log says what is needed
  # checkov:skip=CKV2_AWS_29: A web ACL costs 7 dollars a month and more: requests_per_source switches it on; the stage is throttled, and what is not signed by Discord is refused
  # checkov:skip=CKV2_AWS_77: Nothing behind it runs Java, so no line reaches Log4j
  # checkov:skip=CKV2_AWS_51: A client certificate is shown to HTTP backends; here IAM says who may call the Lambda
  rest_api_id          = aws_api_gateway_rest_api.this.id
  deployment_id        = aws_api_gateway_deployment.this.id
  stage_name           = var.stage_name
  xray_tracing_enabled = var.tracing

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format          = local.access_log_format
  }

  # Without the account's role API Gateway refuses a stage that logs.
  depends_on = [aws_api_gateway_account.this]
}

resource "aws_api_gateway_method_settings" "all" {
  # checkov:skip=CKV_AWS_225: No interaction is like another: an answer from a cache would be wrong
  rest_api_id = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  method_path = "*/*"

  settings {
    throttling_rate_limit  = var.throttling.rate_per_second
    throttling_burst_limit = var.throttling.burst
    # Execution logs contain what the access log leaves out on purpose.
    logging_level = "OFF"
  }
}
