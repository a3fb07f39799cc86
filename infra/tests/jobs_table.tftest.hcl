mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  prefix = "bot-test"
}

run "the_table_has_its_key_its_index_and_a_time_to_live" {
  command = plan

  module {
    source = "./modules/jobs_table"
  }

  assert {
    condition     = [aws_dynamodb_table.jobs.name, aws_dynamodb_table.jobs.hash_key, aws_dynamodb_table.jobs.billing_mode] == ["bot-test-jobs", "id", "PAY_PER_REQUEST"]
    error_message = "The table: ${jsonencode(aws_dynamodb_table.jobs)}"
  }

  assert {
    condition = {
      for index in aws_dynamodb_table.jobs.global_secondary_index : index.name => join(" ", [index.hash_key, index.range_key, index.projection_type])
    } == { waiting = "waiting created_at ALL", history = "history created_at KEYS_ONLY" }
    error_message = "The indexes: ${jsonencode(aws_dynamodb_table.jobs.global_secondary_index)}"
  }

  assert {
    condition     = { for attribute in aws_dynamodb_table.jobs.attribute : attribute.name => attribute.type } == { id = "S", waiting = "S", history = "S", created_at = "N" }
    error_message = "The attributes: ${jsonencode(aws_dynamodb_table.jobs.attribute)}"
  }

  assert {
    condition     = aws_dynamodb_table.jobs.ttl[0].enabled && aws_dynamodb_table.jobs.ttl[0].attribute_name == "ttl"
    error_message = "Items must end by themselves."
  }

  assert {
    condition     = length(aws_dynamodb_table.jobs.server_side_encryption) == 0 && !aws_dynamodb_table.jobs.point_in_time_recovery[0].enabled
    error_message = "DynamoDB must encrypt with its own key, whose requests are not billed, and nothing must cost what nobody asked for."
  }

  assert {
    condition     = [output.arn, output.waiting_index_arn] == ["arn:aws:dynamodb:us-east-1:123456789012:table/bot-test-jobs", "arn:aws:dynamodb:us-east-1:123456789012:table/bot-test-jobs/index/waiting"]
    error_message = "The ARNs: ${output.arn}, ${output.waiting_index_arn}"
  }

  # The settings of a server, guild#ID, are none of the ledger's items, guild#ID#DAY.
  assert {
    condition = output.item_conditions.jobs_and_ledger == {
      "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["deployment#*", "guild#*#*", "job#*", "user#*"] }
    }
    error_message = "The condition: ${jsonencode(output.item_conditions.jobs_and_ledger)}"
  }
}

run "point_in_time_recovery_can_be_switched_on" {
  command = plan

  module {
    source = "./modules/jobs_table"
  }

  variables {
    point_in_time_recovery = true
  }

  assert {
    condition     = aws_dynamodb_table.jobs.point_in_time_recovery[0].enabled
    error_message = "The table must be recoverable."
  }
}
