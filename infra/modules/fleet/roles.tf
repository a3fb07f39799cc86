# The roles of instances, of the ECS agent on behalf of a task, and of the worker.

locals {
  roles = {
    instance  = { name = "${var.prefix}-instance", service = "ec2.amazonaws.com" }
    execution = { name = "${var.prefix}-task-execution", service = "ecs-tasks.amazonaws.com" }
    task      = { name = "${var.prefix}-task", service = "ecs-tasks.amazonaws.com" }
  }

  assume_role_policies = {
    for key, role in local.roles : key => jsonencode({
      Version = "2012-10-17"
      Statement = [merge(
        {
          Effect    = "Allow"
          Principal = { Service = role.service }
          Action    = "sts:AssumeRole"
        },
        # ECS acts for the tasks of this account only.
        # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cross-service-confused-deputy-prevention.html
        role.service == "ecs-tasks.amazonaws.com" ? {
          Condition = {
            StringEquals = { "aws:SourceAccount" = local.account }
            ArnLike      = { "aws:SourceArn" = "${local.ecs_arn}:*" }
          }
        } : {},
      )]
    })
  }

  in_cluster = { ArnEquals = { "ecs:cluster" = local.cluster_arn } }

  pull_actions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]

  # An instance of the warm pool pulls the image itself, and reports that it has.
  warm_up_statements = [for statement in [
    {
      Sid      = "LogInToEcr"
      Effect   = "Allow"
      Action   = "ecr:GetAuthorizationToken"
      Resource = "*"
    },
    {
      Sid      = "PullImage"
      Effect   = "Allow"
      Action   = local.pull_actions
      Resource = aws_ecr_repository.worker.arn
    },
    {
      Sid      = "ReportWarmUp"
      Effect   = "Allow"
      Action   = "autoscaling:CompleteLifecycleAction"
      Resource = local.auto_scaling_group_arn
    },
  ] : statement if local.has_warm_pool]

  # The ECS agent's calls. AWS's managed policy allows the same on every cluster, and also to write
  # every log and to pull every image.
  # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/instance_IAM_role.html
  instance_statements = [
    {
      Sid      = "FindEcs"
      Effect   = "Allow"
      Action   = "ecs:DiscoverPollEndpoint"
      Resource = "*"
    },
    {
      Sid    = "JoinCluster"
      Effect = "Allow"
      Action = [
        "ecs:DeregisterContainerInstance",
        "ecs:RegisterContainerInstance",
        "ecs:SubmitAttachmentStateChanges",
        "ecs:SubmitContainerStateChange",
        "ecs:SubmitTaskStateChange",
      ]
      Resource = local.cluster_arn
    },
    {
      Sid       = "RunTasks"
      Effect    = "Allow"
      Action    = ["ecs:Poll", "ecs:StartTelemetrySession", "ecs:UpdateContainerInstancesState"]
      Resource  = local.container_instances_arn
      Condition = local.in_cluster
    },
  ]

  # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
  execution_statements = concat([
    {
      Sid      = "LogInToEcr"
      Effect   = "Allow"
      Action   = "ecr:GetAuthorizationToken"
      Resource = "*"
    },
    {
      Sid      = "PullImage"
      Effect   = "Allow"
      Action   = local.pull_actions
      Resource = aws_ecr_repository.worker.arn
    },
    {
      Sid      = "WriteLog"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.worker.arn}:log-stream:*"
    },
    ],
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html
    [
      for name, arn in var.secrets : {
        Sid      = "Read${replace(title(lower(replace(name, "_", " "))), " ", "")}"
        Effect   = "Allow"
        Action   = strcontains(arn, ":secretsmanager:") ? "secretsmanager:GetSecretValue" : "ssm:GetParameters"
        Resource = arn
      }
    ],
  )

  task_statements = [
    {
      Sid      = "TakeJobs"
      Effect   = "Allow"
      Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"]
      Resource = var.queue_arn
    },
    {
      Sid       = "ReadJobs"
      Effect    = "Allow"
      Action    = "dynamodb:GetItem"
      Resource  = var.jobs_table_arn
      Condition = var.item_conditions.jobs
    },
    # Ends a job together with what it settles in the ledger.
    {
      Sid       = "EndJobs"
      Effect    = "Allow"
      Action    = "dynamodb:UpdateItem"
      Resource  = var.jobs_table_arn
      Condition = var.item_conditions.jobs_and_ledger
    },
    {
      Sid       = "NoteWorkers"
      Effect    = "Allow"
      Action    = "dynamodb:PutItem"
      Resource  = var.jobs_table_arn
      Condition = var.item_conditions.workers
    },
    {
      Sid       = "ProtectTask"
      Effect    = "Allow"
      Action    = "ecs:UpdateTaskProtection"
      Resource  = local.tasks_arn
      Condition = local.in_cluster
    },
  ]
}

resource "aws_iam_role" "instance" {
  name               = local.roles.instance.name
  assume_role_policy = local.assume_role_policies.instance
}

resource "aws_iam_role_policy" "instance" {
  name   = local.roles.instance.name
  role   = aws_iam_role.instance.name
  policy = jsonencode({ Version = "2012-10-17", Statement = concat(local.instance_statements, local.warm_up_statements) })
}

resource "aws_iam_instance_profile" "instance" {
  name = local.roles.instance.name
  role = aws_iam_role.instance.name
}

resource "aws_iam_role" "execution" {
  name               = local.roles.execution.name
  assume_role_policy = local.assume_role_policies.execution
}

resource "aws_iam_role_policy" "execution" {
  name   = local.roles.execution.name
  role   = aws_iam_role.execution.name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.execution_statements })
}

resource "aws_iam_role" "task" {
  name               = local.roles.task.name
  assume_role_policy = local.assume_role_policies.task
}

resource "aws_iam_role_policy" "task" {
  name   = local.roles.task.name
  role   = aws_iam_role.task.name
  policy = jsonencode({ Version = "2012-10-17", Statement = local.task_statements })
}
