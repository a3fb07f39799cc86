mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  prefix                        = "bot-test"
  visibility_timeout_seconds    = 30
  message_retention_seconds     = 3600
  dead_letter_retention_seconds = 1209600

  dead_letter_visibility_timeout_seconds = 180
  max_receive_count                      = 3
}

run "a_queue_at_aws_gets_its_redrive_policy_once_both_exist" {
  command = plan

  module {
    source = "./modules/queue"
  }

  assert {
    condition     = aws_sqs_queue.jobs.name == "bot-test-jobs.fifo" && aws_sqs_queue.dead_letters.name == "bot-test-jobs-dead-letters.fifo"
    error_message = "The names: ${aws_sqs_queue.jobs.name}, ${aws_sqs_queue.dead_letters.name}"
  }

  assert {
    condition     = aws_sqs_queue.jobs.fifo_queue && aws_sqs_queue.jobs.deduplication_scope == "messageGroup" && aws_sqs_queue.jobs.fifo_throughput_limit == "perMessageGroupId"
    error_message = "The queue must be FIFO with high throughput."
  }

  assert {
    condition     = aws_sqs_queue.jobs.visibility_timeout_seconds == 30 && aws_sqs_queue.dead_letters.visibility_timeout_seconds == 180
    error_message = "Each queue must have its own visibility timeout."
  }

  assert {
    condition     = aws_sqs_queue.jobs.sqs_managed_sse_enabled && aws_sqs_queue.dead_letters.sqs_managed_sse_enabled
    error_message = "Both queues must be encrypted at rest."
  }

  assert {
    condition = jsondecode(aws_sqs_queue_redrive_policy.jobs[0].redrive_policy) == {
      deadLetterTargetArn = "arn:aws:sqs:us-east-1:123456789012:bot-test-jobs-dead-letters.fifo"
      maxReceiveCount     = 3
    }
    error_message = "The redrive policy: ${aws_sqs_queue_redrive_policy.jobs[0].redrive_policy}"
  }

  assert {
    condition = jsondecode(aws_sqs_queue.dead_letters.redrive_allow_policy) == {
      redrivePermission = "byQueue"
      sourceQueueArns   = ["arn:aws:sqs:us-east-1:123456789012:bot-test-jobs.fifo"]
    }
    error_message = "The redrive allow policy: ${aws_sqs_queue.dead_letters.redrive_allow_policy}"
  }

  assert {
    condition = alltrue([
      for queue in [aws_sqs_queue.jobs, aws_sqs_queue.dead_letters] : jsondecode(queue.policy).Statement == [{
        Sid       = "DenyWithoutTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "arn:aws:sqs:us-east-1:123456789012:${queue.name}"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }]
    ])
    error_message = "Both queues must refuse requests without TLS."
  }
}

run "a_queue_in_the_emulator_is_created_with_its_redrive_policy" {
  command = plan

  module {
    source = "./modules/queue"
  }

  variables {
    redrive_at_creation = true
  }

  assert {
    condition = jsondecode(aws_sqs_queue.jobs.redrive_policy) == {
      deadLetterTargetArn = "arn:aws:sqs:us-east-1:123456789012:bot-test-jobs-dead-letters.fifo"
      maxReceiveCount     = 3
    }
    error_message = "The redrive policy: ${aws_sqs_queue.jobs.redrive_policy}"
  }

  assert {
    condition     = length(aws_sqs_queue_redrive_policy.jobs) == 0
    error_message = "The redrive policy must be said once."
  }
}
