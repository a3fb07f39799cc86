"""IAM on the emulator: what a role's policies do not allow is denied, with AWS's code and text."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import boto3
import pytest
from iam_roles import ACCOUNT, REGION, allow, code_of, deny, document, error_of, make_role, report
from running_emulator import Emulator

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:iam-jobs"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/iam-jobs"
INDEX = f"{TABLE}/index/waiting"
CLUSTER = "iam-cluster"
SERVICE = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/{CLUSTER}/worker"


@pytest.fixture(scope="module")
def emulator(iam_emulator: Emulator) -> Emulator:
    """The emulator with a queue and a table."""
    iam_emulator.client("sqs").create_queue(QueueName="iam-jobs")
    iam_emulator.client("dynamodb").create_table(
        TableName="iam-jobs",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": "S"} for name in ("id", "waiting")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "waiting",
                "KeySchema": [{"AttributeName": "waiting", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return iam_emulator


@dataclass(frozen=True)
class Case:
    """A call, the right that it needs, and AWS's error code without it."""

    service: str
    call: Callable[[Any], object]
    action: str
    resource: str
    code: str = "AccessDeniedException"

    @property
    def shown_action(self) -> str:
        """The action as the service writes it in its errors."""
        if self.service == "sns":
            return self.action.replace("sns", "SNS")
        return self.action.lower() if self.service == "sqs" else self.action


def queue_url(client: Any) -> str:
    return f"{client.meta.endpoint_url}/{ACCOUNT}/iam-jobs"


def query(client: Any, **more: str) -> object:
    name = "waiting" if more else "id"
    return client.query(
        TableName="iam-jobs",
        KeyConditionExpression=f"{name} = :v",
        ExpressionAttributeValues={":v": {"S": "x"}},
        **more,
    )


def put(client: Any, *kinds: str) -> object:
    parts: dict[str, Any] = {
        "Put": {"Put": {"TableName": "iam-jobs", "Item": {"id": {"S": "a"}}}},
        "Delete": {"Delete": {"TableName": "iam-jobs", "Key": {"id": {"S": "b"}}}},
    }
    return client.transact_write_items(TransactItems=[parts[kind] for kind in kinds])


def arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


MACHINE = arn("states", "stateMachine:wake")
STREAM = {"logGroupName": "/iam", "logStreamName": "one"}
EVENT = {"timestamp": 1, "message": "x"}
CASES = [
    Case(
        "sqs",
        lambda c: c.send_message(QueueUrl=queue_url(c), MessageBody="x"),
        "sqs:SendMessage",
        QUEUE,
        "AccessDenied",
    ),
    Case(
        "sqs",
        lambda c: c.delete_message_batch(
            QueueUrl=queue_url(c), Entries=[{"Id": "1", "ReceiptHandle": "x"}]
        ),
        "sqs:DeleteMessage",
        QUEUE,
        "AccessDenied",
    ),
    Case(
        "dynamodb",
        lambda c: c.get_item(TableName="iam-jobs", Key={"id": {"S": "x"}}),
        "dynamodb:GetItem",
        TABLE,
    ),
    Case("dynamodb", query, "dynamodb:Query", TABLE),
    Case("dynamodb", lambda c: query(c, IndexName="waiting"), "dynamodb:Query", INDEX),
    Case("dynamodb", lambda c: put(c, "Put"), "dynamodb:PutItem", TABLE),
    Case(
        "dynamodb",
        lambda c: c.batch_get_item(RequestItems={"iam-jobs": {"Keys": [{"id": {"S": "x"}}]}}),
        "dynamodb:BatchGetItem",
        TABLE,
    ),
    Case(
        "stepfunctions",
        lambda c: c.start_execution(stateMachineArn=MACHINE),
        "states:StartExecution",
        MACHINE,
    ),
    Case(
        "ecs",
        lambda c: c.describe_services(cluster=CLUSTER, services=["worker"]),
        "ecs:DescribeServices",
        SERVICE,
    ),
    Case(
        "ecs",
        lambda c: c.list_tasks(cluster=CLUSTER),
        "ecs:ListTasks",
        arn("ecs", f"container-instance/{CLUSTER}/*"),
    ),
    Case(
        "autoscaling",
        lambda c: c.set_desired_capacity(AutoScalingGroupName="gpu", DesiredCapacity=1),
        "autoscaling:SetDesiredCapacity",
        arn("autoscaling", "autoScalingGroup:*:autoScalingGroupName/*"),
        "AccessDenied",
    ),
    Case(
        "autoscaling",
        lambda c: c.describe_scaling_activities(),
        "autoscaling:DescribeScalingActivities",
        "*",
        "AccessDenied",
    ),
    Case(
        "cloudwatch",
        lambda c: c.put_metric_data(Namespace="bot", MetricData=[{"MetricName": "m", "Value": 1}]),
        "cloudwatch:PutMetricData",
        "*",
        "AccessDenied",
    ),
    Case(
        "lambda",
        lambda c: c.invoke(FunctionName="backlog"),
        "lambda:InvokeFunction",
        arn("lambda", "function:backlog"),
    ),
    Case(
        "logs",
        lambda c: c.put_log_events(**STREAM, logEvents=[EVENT]),
        "logs:PutLogEvents",
        arn("logs", "log-group:/iam:log-stream:one"),
    ),
    Case(
        "sns",
        lambda c: c.publish(TopicArn=arn("sns", "alarms"), Message="x"),
        "sns:Publish",
        arn("sns", "alarms"),
        "AuthorizationError",
    ),
    Case(
        "ssm",
        lambda c: c.get_parameter(Name="/bot/token"),
        "ssm:GetParameter",
        arn("ssm", "parameter/bot/token"),
    ),
    Case("ecr", lambda c: c.get_authorization_token(), "ecr:GetAuthorizationToken", "*"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.action}-{case.resource}")
def test_a_call_without_its_right_is_denied_and_with_it_is_not(
    emulator: Emulator, case: Case
) -> None:
    role = make_role(emulator, "", allow("sts:GetSessionToken"))
    client = role.client(case.service)
    error = error_of(lambda: case.call(client))
    assert error.code == case.code
    assert error.message == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{role.name}/session is not authorized to"
        f" perform: {case.shown_action} on resource: {case.resource}"
        f" because no identity-based policy allows the {case.shown_action} action"
    )
    role.set_policy(allow(case.action, case.resource))
    # What is asked for need not exist.
    assert code_of(lambda: case.call(client)) != case.code
    other = "arn:aws:sqs:::other" if case.resource == "*" else f"{case.resource}-other"
    role.set_policy(allow(case.action, other))
    assert error_of(lambda: case.call(client)).code == case.code


def test_a_transaction_needs_the_right_of_each_part(emulator: Emulator) -> None:
    role = make_role(emulator, "", allow("dynamodb:PutItem", TABLE))
    client = role.client("dynamodb")
    put(client, "Put")
    error = error_of(lambda: put(client, "Put", "Delete"))
    assert "is not authorized to perform: dynamodb:DeleteItem" in error.message


def test_a_role_writes_only_items_whose_keys_its_policy_names(emulator: Emulator) -> None:
    jobs_only = {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["job#*", "guild#*#*"]},
        "Null": {"dynamodb:LeadingKeys": "false"},
    }
    actions = [f"dynamodb:{name}Item" for name in ("Put", "Update", "Get", "Delete", "BatchGet")]
    role = make_role(emulator, "", allow(actions, TABLE, Condition=jobs_only))
    client = role.client("dynamodb")

    def calls(key: str) -> list[Callable[[], Any]]:
        item, table = {"id": {"S": key}}, {"TableName": "iam-jobs"}
        set_x = {"UpdateExpression": "SET x = :x", "ExpressionAttributeValues": {":x": {"S": "1"}}}
        update = {"Key": item, **table, **set_x}
        allowed = {"Put": {"Item": {"id": {"S": "job#2"}}, **table}}
        return [
            lambda: client.put_item(Item=item, **table),
            lambda: client.update_item(**update),
            lambda: client.get_item(Key=item, **table),
            lambda: client.batch_get_item(RequestItems={"iam-jobs": {"Keys": [item]}}),
            lambda: client.transact_write_items(TransactItems=[allowed, {"Update": update}]),
            lambda: client.delete_item(Key=item, **table),
        ]

    for key in ("job#1", "guild#1#2026-11-29"):
        for call in calls(key):
            call()
    for key in ("guild#1", "fleet", "pace", "user#1#2", "xjob#1"):
        for call in calls(key):
            assert error_of(call).code == "AccessDeniedException"


def test_an_explicit_deny_wins_over_every_right(emulator: Emulator) -> None:
    role = make_role(emulator, "", allow("*"), deny("sqs:SendMessage", QUEUE))
    client = role.client("sqs")
    error = error_of(lambda: client.send_message(QueueUrl=queue_url(client), MessageBody="x"))
    assert error.message.endswith("with an explicit deny in an identity-based policy")
    assert client.get_queue_attributes(QueueUrl=queue_url(client))


def test_a_condition_has_to_be_met(emulator: Emulator) -> None:
    own = {"StringEquals": {"cloudwatch:namespace": "bot"}}
    client = make_role(emulator, "", allow("cloudwatch:PutMetricData", Condition=own)).client(
        "cloudwatch"
    )
    data = [{"MetricName": "m", "Value": 1}]
    client.put_metric_data(Namespace="bot", MetricData=data)
    error = error_of(lambda: client.put_metric_data(Namespace="other", MetricData=data))
    assert error.code == "AccessDenied"


def test_a_task_of_another_cluster_is_not_touched(emulator: Emulator) -> None:
    cluster = arn("ecs", f"cluster/{CLUSTER}")
    client = make_role(
        emulator,
        "",
        allow("ecs:DescribeServices", Condition={"ArnEquals": {"ecs:cluster": cluster}}),
    ).client("ecs")
    elsewhere = error_of(lambda: client.describe_services(cluster="other", services=["worker"]))
    assert elsewhere.code == "AccessDeniedException"
    here = error_of(lambda: client.describe_services(cluster=CLUSTER, services=["worker"]))
    assert here.code == "ClusterNotFoundException"


def test_managed_policies_and_permissions_boundaries_count(emulator: Emulator) -> None:
    iam = emulator.client("iam")
    name = uuid4().hex[:8]
    managed = iam.create_policy(
        PolicyName=name, PolicyDocument=document(allow("sqs:*", QUEUE), allow("ssm:*"))
    )["Policy"]["Arn"]
    boundary = iam.create_policy(
        PolicyName=f"{name}-boundary", PolicyDocument=document(allow("sqs:SendMessage"))
    )["Policy"]["Arn"]
    role = make_role(emulator)
    iam.attach_role_policy(RoleName=role.name, PolicyArn=managed)
    client = role.client("sqs")
    url = queue_url(client)
    client.get_queue_attributes(QueueUrl=url)
    iam.put_role_permissions_boundary(RoleName=role.name, PermissionsBoundary=boundary)
    client.send_message(QueueUrl=url, MessageBody="x")
    error = error_of(lambda: client.get_queue_attributes(QueueUrl=url))
    assert "because no permissions boundary allows" in error.message


def test_a_users_and_its_groups_policies_count(emulator: Emulator) -> None:
    iam, name = emulator.client("iam"), f"user-{uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    iam.create_group(GroupName=name)
    iam.add_user_to_group(GroupName=name, UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    client = boto3.client(
        "sqs",
        endpoint_url=emulator.config.endpoint,
        region_name=REGION,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    url = queue_url(client)
    error = error_of(lambda: client.get_queue_attributes(QueueUrl=url))
    assert f"User: arn:aws:iam::{ACCOUNT}:user/{name} is not authorized" in error.message
    iam.put_group_policy(
        GroupName=name, PolicyName="p", PolicyDocument=document(allow("sqs:GetQueueAttributes"))
    )
    client.get_queue_attributes(QueueUrl=url)


NOT_MAPPED = "because this emulator has not mapped the operation"


def test_an_operation_that_is_not_mapped_is_denied_by_name(emulator: Emulator) -> None:
    role = make_role(emulator, "", allow("sqs:*", f"arn:aws:sqs:{REGION}:{ACCOUNT}:*"))
    client = role.client("sqs")
    assert f"{NOT_MAPPED} sqs.ListQueues" in error_of(client.list_queues).message
    role.set_policy(allow("sqs:*", Condition={"Bool": {"aws:SecureTransport": "true"}}))
    assert NOT_MAPPED in error_of(client.list_queues).message
    role.set_policy(allow("sqs:*"), deny("sqs:List*", QUEUE))
    assert NOT_MAPPED in error_of(client.list_queues).message


def test_an_operation_that_is_not_mapped_is_allowed_to_whom_it_is_allowed_on_everything(
    emulator: Emulator,
) -> None:
    role = make_role(emulator, "", allow(["sqs:List*", "apigateway:GET"]))
    assert role.client("sqs").list_queues()
    assert role.client("apigateway").get_rest_apis()
    error = error_of(lambda: role.client("apigateway").create_rest_api(name="x"))
    assert f"{NOT_MAPPED} apigateway.POST" in error.message


def test_credentials_that_nobody_has_are_refused(emulator: Emulator) -> None:
    client = boto3.client(
        "dynamodb",
        endpoint_url=emulator.config.endpoint,
        region_name=REGION,
        aws_access_key_id="LSIAQAAAAAAAABCDEFGH",
        aws_secret_access_key="x",
        aws_session_token="x",
    )
    assert error_of(client.list_tables).code == "UnrecognizedClientException"


def test_the_identity_is_told_without_a_right(emulator: Emulator) -> None:
    role = make_role(emulator, "", deny("*"))
    found = role.client("sts").get_caller_identity()["Arn"]
    assert found == f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.name}/session"


def test_used_and_unused_rights_and_denials_are_reported(emulator: Emulator) -> None:
    rights = ["sqs:GetQueueAttributes", "sqs:Send*", "sqs:PurgeQueue"]
    role = make_role(emulator, "", allow(rights, QUEUE))
    client = role.client("sqs")
    url = queue_url(client)
    client.get_queue_attributes(QueueUrl=url)
    client.send_message(QueueUrl=url, MessageBody="x")
    error_of(lambda: client.receive_message(QueueUrl=url))
    found = report(emulator)
    assert found["enforced"] is True
    assert found["roles"][role.arn] == {
        "used": {"sqs:GetQueueAttributes": 1, "sqs:SendMessage": 1},
        "unused": ["sqs:PurgeQueue"],
    }
    last = found["denials"][-1]
    assert (last["action"], last["resource"]) == ("sqs:ReceiveMessage", QUEUE)
    assert role.name in last["principal"]
