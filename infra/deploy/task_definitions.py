"""The revisions of the worker's task definition, which Terraform leaves active."""

from infra.deploy.aws import Aws, aws_action


def deregister_revisions(aws: Aws, family: str) -> int:
    """Deregister every active revision of a family; return how many there were.

    Terraform makes a revision for each change and keeps the earlier ones, so that ECS and people
    can go back to them. Once the service is gone nobody can.

    Raises:
        AwsError: AWS refused a call.
    """
    ecs = aws.client("ecs")
    with aws_action("ecs:ListTaskDefinitions"):
        pages = ecs.get_paginator("list_task_definitions").paginate(
            familyPrefix=family, status="ACTIVE"
        )
        revisions = [str(arn) for page in pages for arn in page["taskDefinitionArns"]]
    for revision in revisions:
        with aws_action("ecs:DeregisterTaskDefinition"):
            ecs.deregister_task_definition(taskDefinition=revision)
    return len(revisions)
