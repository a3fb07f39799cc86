"""Operations of SQS, SNS and DynamoDB.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from discord_diffusion_emulator.iam.request import AuthorizationRequest

from .scope import Operation, Parameters, Scope, everywhere, on


def _queue(given: Parameters, scope: Scope) -> str:
    """The ARN of a queue, from its URL, which ends with account and name."""
    *_, account, name = urlsplit(given["QueueUrl"]).path.split("/")
    return f"arn:{scope.partition}:sqs:{scope.region}:{account}:{name}"


def _named_queue(given: Parameters, scope: Scope) -> str:
    account = given.get("QueueOwnerAWSAccountId") or scope.account
    return f"arn:{scope.partition}:sqs:{scope.region}:{account}:{given['QueueName']}"


# A batch needs the right of the single operation.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
_QUEUE_OPERATIONS = {
    "ChangeMessageVisibility": "ChangeMessageVisibility",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    "DeleteMessage": "DeleteMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "GetQueueAttributes": "GetQueueAttributes",
    "PurgeQueue": "PurgeQueue",
    "ReceiveMessage": "ReceiveMessage",
    "SendMessage": "SendMessage",
    "SendMessageBatch": "SendMessage",
}


def _table(name: str, scope: Scope) -> str:
    return scope.arn("dynamodb", name if name.startswith("arn:") else f"table/{name}")


def _on_table(action: str) -> Operation:
    return on(action, lambda given, scope: _table(given["TableName"], scope))


def _on_table_or_index(action: str) -> Operation:
    def resource(given: Parameters, scope: Scope) -> str:
        index = given.get("IndexName")
        table = _table(given["TableName"], scope)
        return f"{table}/index/{index}" if index else table

    return on(action, resource)


def _on_tables(action: str) -> Operation:
    def tables(given: Parameters, scope: Scope) -> Iterable[AuthorizationRequest]:
        return [AuthorizationRequest(action, _table(name, scope)) for name in given["RequestItems"]]

    return tables


# A transaction needs the right of each of its parts.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
_PARTS = {
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Delete": "dynamodb:DeleteItem",
    "Get": "dynamodb:GetItem",
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
}


def _transaction(given: Parameters, scope: Scope) -> Iterable[AuthorizationRequest]:
    parts = {
        (_PARTS[kind], _table(part["TableName"], scope))
        for item in given["TransactItems"]
        for kind, part in item.items()
    }
    return [AuthorizationRequest(action, table) for action, table in sorted(parts)]


_ITEM_OPERATIONS = ("DeleteItem", "DescribeTable", "GetItem", "PutItem", "UpdateItem")

OPERATIONS: dict[str, Operation] = {
    **{
        f"sqs.{operation}": on(f"sqs:{action}", _queue)
        for operation, action in _QUEUE_OPERATIONS.items()
    },
    "sqs.GetQueueUrl": on("sqs:GetQueueUrl", _named_queue),
    "sns.Publish": on("sns:Publish", lambda given, _scope: given["TopicArn"]),
    "sns.PublishBatch": on("sns:Publish", lambda given, _scope: given["TopicArn"]),
    **{f"dynamodb.{name}": _on_table(f"dynamodb:{name}") for name in _ITEM_OPERATIONS},
    **{f"dynamodb.{name}": _on_table_or_index(f"dynamodb:{name}") for name in ("Query", "Scan")},
    **{
        f"dynamodb.{name}": _on_tables(f"dynamodb:{name}")
        for name in ("BatchGetItem", "BatchWriteItem")
    },
    "dynamodb.ListTables": everywhere("dynamodb:ListTables"),
    "dynamodb.TransactGetItems": _transaction,
    "dynamodb.TransactWriteItems": _transaction,
}
