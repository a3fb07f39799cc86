"""IAM on the emulator: AWS's services act only where trust and resource policies allow them to."""

import io
import json
import zipfile
from typing import Any

import httpx
import pytest
from iam_roles import (
    ACCOUNT,
    REGION,
    Role,
    allow,
    code_of,
    denied,
    document,
    error_of,
    make_role,
    name,
    trust,
    wait_for_denial,
)
from running_emulator import Emulator

from emulation.rig.waiting import wait_until

ECHO = "def handler(event, context):\n    return {'statusCode': 200, 'body': 'answered'}\n"
GET_OWN_ITEM = """
import boto3

def handler(event, context):
    boto3.client("dynamodb").get_item(TableName="own", Key={"id": {"S": "x"}})
    return "allowed"
"""
LAMBDA, TASKS = trust(Service="lambda.amazonaws.com"), trust(Service="ecs-tasks.amazonaws.com")


@pytest.fixture
def emulator(iam_emulator: Emulator) -> Emulator:
    """One that enforces IAM."""
    return iam_emulator


def queue(emulator: Emulator) -> tuple[str, str]:
    """The URL and the ARN of a new queue."""
    made = name()
    url = emulator.client("sqs").create_queue(QueueName=made)["QueueUrl"]
    return url, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{made}"


def let_in(emulator: Emulator, url: str, arn: str, service: str, source: str) -> None:
    """Give a queue a policy that lets a service send for a source."""
    statement = allow(
        "sqs:SendMessage",
        arn,
        Principal={"Service": service},
        Condition={"ArnEquals": {"aws:SourceArn": source}},
    )
    emulator.client("sqs").set_queue_attributes(
        QueueUrl=url, Attributes={"Policy": document(statement)}
    )


def received(emulator: Emulator, url: str) -> bool:
    answer = emulator.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1)
    return bool(answer.get("Messages"))


def make_function(emulator: Emulator, role: str, source: str = ECHO) -> str:
    """Create a function that is active; returns its name."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("app.py", source)
    client, made = emulator.client("lambda"), name()
    client.create_function(
        FunctionName=made,
        Role=role,
        Runtime="python3.13",
        Handler="app.handler",
        Code={"ZipFile": archive.getvalue()},
        Timeout=10,
    )
    client.get_waiter("function_active_v2").wait(FunctionName=made)
    return made


def function_arn(made: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{made}"


def test_a_topic_sends_only_to_a_queue_whose_policy_lets_it(emulator: Emulator) -> None:
    sns = emulator.client("sns")
    topic = sns.create_topic(Name=name())["TopicArn"]
    url, arn = queue(emulator)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="x")
    assert wait_for_denial(emulator, arn).endswith(
        "because no resource-based policy allows the sqs:SendMessage action"
    )
    let_in(emulator, url, arn, "sns.amazonaws.com", f"{topic}-other")
    sns.publish(TopicArn=topic, Message="x")
    wait_until(lambda: len(denied(emulator, arn)) == 2, "it is denied again", 20)
    let_in(emulator, url, arn, "sns.amazonaws.com", topic)
    sns.publish(TopicArn=topic, Message="x")
    wait_until(lambda: received(emulator, url), "the message is there", 20)


def test_an_event_reaches_a_queue_only_if_its_policy_allows_the_rule(
    emulator: Emulator,
) -> None:
    events, rule = emulator.client("events"), name()
    url, arn = queue(emulator)
    rule_arn = events.put_rule(Name=rule, EventPattern=json.dumps({"source": [rule]}))["RuleArn"]
    events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": arn}])
    event = {"Source": rule, "DetailType": "x", "Detail": "{}"}
    events.put_events(Entries=[event])
    assert "events.amazonaws.com is not authorized" in wait_for_denial(emulator, arn)
    let_in(emulator, url, arn, "events.amazonaws.com", rule_arn)
    events.put_events(Entries=[event])
    wait_until(lambda: received(emulator, url), "the event is there", 20)


def test_an_alarm_notifies_only_a_topic_whose_policy_lets_it(emulator: Emulator) -> None:
    sns, cloudwatch, alarm = emulator.client("sns"), emulator.client("cloudwatch"), name()
    topic = sns.create_topic(Name=name())["TopicArn"]
    url, arn = queue(emulator)
    let_in(emulator, url, arn, "sns.amazonaws.com", topic)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    cloudwatch.put_metric_alarm(
        AlarmName=alarm,
        Namespace="iam",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
    )

    def raise_alarm() -> None:
        for state in ("OK", "ALARM"):
            cloudwatch.set_alarm_state(AlarmName=alarm, StateValue=state, StateReason="test")

    code_of(raise_alarm)
    assert "cloudwatch.amazonaws.com is not authorized" in wait_for_denial(emulator, topic)
    source = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{alarm}"
    statement = allow(
        "sns:Publish",
        topic,
        Principal={"Service": "cloudwatch.amazonaws.com"},
        Condition={"ArnLike": {"aws:SourceArn": source}},
    )
    sns.set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=document(statement)
    )
    raise_alarm()
    wait_until(lambda: received(emulator, url), "the notification is there", 20)


def test_a_function_is_invoked_by_an_api_and_a_rule_only_with_its_permission(
    emulator: Emulator,
) -> None:
    made = make_function(emulator, make_role(emulator, LAMBDA, allow("logs:*")).arn)
    api = emulator.client("apigateway")
    api_id = api.create_rest_api(name=made)["id"]
    root = api.get_resources(restApiId=api_id)["items"][0]["id"]
    where = {"restApiId": api_id, "resourceId": root, "httpMethod": "POST"}
    api.put_method(**where, authorizationType="NONE")
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function_arn(made)}"
    api.put_integration(
        **where, type="AWS_PROXY", integrationHttpMethod="POST", uri=f"{uri}/invocations"
    )
    api.create_deployment(restApiId=api_id, stageName="v1")
    address = f"{emulator.config.endpoint}/_aws/execute-api/{api_id}/v1/"
    assert httpx.post(address, timeout=20).status_code == 500
    assert "apigateway.amazonaws.com is not authorized" in denied(emulator, function_arn(made))[-1]
    permit = emulator.client("lambda").add_permission
    permission: dict[str, Any] = {"FunctionName": made, "Action": "lambda:InvokeFunction"}
    permit(
        **permission,
        StatementId="api",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api_id}/*/POST/",
    )
    assert httpx.post(address, timeout=20).text == "answered"

    events, rule = emulator.client("events"), name()
    events.put_rule(Name=rule, EventPattern=json.dumps({"source": [rule]}))
    events.put_targets(Rule=rule, Targets=[{"Id": "f", "Arn": function_arn(made)}])
    events.put_events(Entries=[{"Source": rule, "DetailType": "x", "Detail": "{}"}])
    wait_until(
        lambda: "events.amazonaws.com" in denied(emulator, function_arn(made))[-1],
        "the rule is denied",
        20,
    )


def test_lambda_takes_only_a_role_that_trusts_it(emulator: Emulator) -> None:
    error = error_of(
        lambda: make_function(
            emulator, make_role(emulator, trust(Service="ecs-tasks.amazonaws.com")).arn
        )
    )
    assert error.code == "InvalidParameterValueException"
    assert "cannot be assumed by Lambda" in error.message


def test_a_function_has_the_rights_of_its_role_only(emulator: Emulator) -> None:
    emulator.client("dynamodb").create_table(
        TableName="own",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    role = make_role(emulator, LAMBDA, allow("logs:*"))
    made = make_function(emulator, role.arn, GET_OWN_ITEM)
    client = emulator.client("lambda")
    refused = json.loads(client.invoke(FunctionName=made)["Payload"].read())
    assert "AccessDeniedException" in refused["errorMessage"]
    assert f"assumed-role/{role.name}/{made} is not authorized" in refused["errorMessage"]
    role.set_policy(allow("dynamodb:GetItem", f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/own"))
    assert json.loads(client.invoke(FunctionName=made)["Payload"].read()) == "allowed"


MACHINE = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}


def test_a_state_machine_needs_a_role_that_trusts_it_and_may_deliver_its_log(
    emulator: Emulator,
) -> None:
    group = f"/aws/vendedlogs/{name()}"
    emulator.client("logs").create_log_group(logGroupName=group)
    destination = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*"
    logging = {
        "level": "ERROR",
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": destination}}],
    }

    def create(role: Role) -> object:
        return emulator.client("stepfunctions").create_state_machine(
            name=name(),
            type="EXPRESS",
            definition=json.dumps(MACHINE),
            roleArn=role.arn,
            loggingConfiguration=logging,
        )

    refused = error_of(lambda: create(make_role(emulator, LAMBDA)))
    assert refused.code == "AccessDeniedException"
    assert "authorized to assume the provided role" in refused.message
    role = make_role(emulator, trust(Service="states.amazonaws.com"), allow("logs:PutLogEvents"))
    refused = error_of(lambda: create(role))
    assert "not authorized to access the Log Destination" in refused.message
    role.set_policy(allow("logs:*"))
    assert create(role)


def test_an_event_source_mapping_needs_the_rights_of_its_pollers(emulator: Emulator) -> None:
    _, source = queue(emulator)
    role = make_role(emulator, LAMBDA, allow("logs:*"), allow("sqs:ReceiveMessage", source))
    made = make_function(emulator, role.arn)

    def create() -> object:
        return emulator.client("lambda").create_event_source_mapping(
            FunctionName=made, EventSourceArn=source
        )

    refused = error_of(create)
    assert refused.code == "InvalidParameterValueException"
    assert "does not have permissions to call DeleteMessage on SQS" in refused.message
    role.set_policy(allow("logs:*"), allow("sqs:*", source))
    assert create()


def test_api_gateway_takes_only_a_role_with_which_it_can_log(emulator: Emulator) -> None:
    def hand_over(role: Role) -> object:
        change = {"op": "replace", "path": "/cloudwatchRoleArn", "value": role.arn}
        return emulator.client("apigateway").update_account(patchOperations=[change])

    gateway = trust(Service="apigateway.amazonaws.com")
    for role in (
        make_role(emulator, gateway),
        make_role(emulator, LAMBDA, allow("logs:*")),
    ):
        refused = error_of(lambda role=role: hand_over(role))  # type: ignore[misc]
        assert refused.code == "BadRequestException"
        assert "Please grant trust permission for API Gateway" in refused.message
    managed = make_role(emulator, gateway)
    emulator.client("iam").attach_role_policy(
        RoleName=managed.name,
        PolicyArn="arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs",
    )
    assert hand_over(managed)


def test_running_a_task_needs_the_right_to_it_and_to_pass_its_roles(emulator: Emulator) -> None:
    ecs, family = emulator.client("ecs"), name()
    ecs.create_cluster(clusterName=family)
    passed = make_role(emulator, TASKS)
    definition = ecs.register_task_definition(
        family=family,
        taskRoleArn=passed.arn,
        containerDefinitions=[{"name": "one", "image": "x", "memory": 64}],
    )["taskDefinition"]["taskDefinitionArn"]
    starter = make_role(emulator, LAMBDA)
    request = {"cluster": family, "taskDefinition": family}

    def refused() -> str:
        return error_of(lambda: starter.client("ecs").run_task(**request)).message

    assert f"not authorized to perform: ecs:RunTask on resource: {definition}" in refused()
    cluster = f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{family}"
    runs = allow(
        "ecs:RunTask",
        definition.rpartition(":")[0] + ":*",
        Condition={"ArnEquals": {"ecs:cluster": cluster}},
    )
    starter.set_policy(runs)
    assert f"not authorized to perform: iam:PassRole on resource: {passed.arn}" in refused()
    for service, text in (("ec2", "iam:PassRole"), ("ecs-tasks", "No Container Instances")):
        to_service = {"StringEquals": {"iam:PassedToService": f"{service}.amazonaws.com"}}
        starter.set_policy(runs, allow("iam:PassRole", passed.arn, Condition=to_service))
        assert text in refused()
