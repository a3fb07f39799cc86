# The state machines' definitions are in infra/state_machines; here are their names and rights.

module "state_machine" {
  source = "../state_machine"

  for_each = {
    scaling = {
      name = local.scaling_name
      statements = [
        { sid = "LookAndTell", actions = ["lambda:InvokeFunction"], resources = [var.backlog_function_arn, var.waiting_function_arn] },
        { sid = "Wake", actions = ["states:StartExecution"], resources = [local.machine_arns.wake] },
      ]
    }
    wake = {
      name = local.wake_name
      statements = [
        { sid = "Look", actions = ["lambda:InvokeFunction"], resources = [var.backlog_function_arn] },
        { sid = "Wake", actions = ["ecs:UpdateService"], resources = [var.service_arn] },
        { sid = "Raise", actions = ["autoscaling:SetDesiredCapacity"], resources = [var.auto_scaling_group_arn] },
      ]
    }
    confirm = {
      name = local.confirm_name
      statements = [
        { sid = "Confirm", actions = ["lambda:InvokeFunction"], resources = [var.waiting_function_arn] },
      ]
    }
  }

  name = each.value.name
  definition = templatefile("${path.module}/../../state_machines/${each.key}.asl.json", {
    partition               = local.partition
    backlog_function_arn    = var.backlog_function_arn
    waiting_function_arn    = var.waiting_function_arn
    cluster_name            = var.cluster_name
    service_name            = var.service_name
    auto_scaling_group_name = var.auto_scaling_group_name
    wake_state_machine_arn  = local.machine_arns.wake
  })
  policy_statements  = each.value.statements
  log_retention_days = var.log_retention_days
  tracing            = var.tracing
}
