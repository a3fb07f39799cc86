# The repository of the worker's image. Tags are immutable, so that a rollback runs exactly what ran
# before.

resource "aws_ecr_repository" "worker" {
  # checkov:skip=CKV_AWS_136: ECR encrypts with AES-256 by itself; the image holds a public model and this code, and no secret
  name                 = local.service_name
  image_tag_mutability = "IMMUTABLE"

  # Images can be built again from the source: they are deleted with the deployment.
  force_delete = true

  image_scanning_configuration {
    scan_on_push = true
  }
}

resource "aws_ecr_lifecycle_policy" "worker" {
  repository = aws_ecr_repository.worker.name

  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "What an interrupted push left"
        selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 1 }
        action       = { type = "expire" }
      },
      {
        rulePriority = 2
        description  = "Enough to roll back to"
        selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = var.kept_images }
        action       = { type = "expire" }
      },
    ]
  })
}
