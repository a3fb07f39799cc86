"""Operations of SQS, SNS and DynamoDB.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from ecs_fleet_emulator.iam.request import AuthorizationRequest

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


# The partition keys of the items that a request is about.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
_LEADING_KEYS = "dynamodb:leadingkeys"


def _leading_key(table: str, item: Parameters, scope: Scope) -> tuple[str, ...]:
    """The value of an item's partition key, from the item or its key alone."""
    value = item.get(scope.partition_key(table)) or {}
    return tuple(str(one) for one in value.values())


def _on_item(action: str, part: str) -> Operation:
    """An operation on one item, which its `part` ("Key" or "Item") names."""

    def of_item(given: Parameters, scope: Scope) -> Iterable[AuthorizationRequest]:
        table = given["TableName"]
        keys = _leading_key(table, given.get(part) or {}, scope)
        return [AuthorizationRequest(action, _table(table, scope), {_LEADING_KEYS: keys})]

    return of_item


def _get_batch(given: Parameters, scope: Scope) -> Iterable[AuthorizationRequest]:
    for name, wanted in given["RequestItems"].items():
        keys = [key for item in wanted.get("Keys") or [] for key in _leading_key(name, item, scope)]
        values = {_LEADING_KEYS: tuple(keys)}
        yield AuthorizationRequest("dynamodb:BatchGetItem", _table(name, scope), values)


def _write_batch(given: Parameters, scope: Scope) -> Iterable[AuthorizationRequest]:
    for name, writes in given["RequestItems"].items():
        keys: list[str] = []
        for write in writes:
            put, delete = write.get("PutRequest") or {}, write.get("DeleteRequest") or {}
            item = put.get("Item") or delete.get("Key") or {}
            keys += _leading_key(name, item, scope)
        values = {_LEADING_KEYS: tuple(keys)}
        yield AuthorizationRequest("dynamodb:BatchWriteItem", _table(name, scope), values)


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
    keys: dict[tuple[str, str], list[str]] = {}
    for item in given["TransactItems"]:
        for kind, part in item.items():
            name = part["TableName"]
            found = _leading_key(name, part.get("Item") or part.get("Key") or {}, scope)
            keys.setdefault((_PARTS[kind], _table(name, scope)), []).extend(found)
    return [
        AuthorizationRequest(action, table, {_LEADING_KEYS: tuple(found)})
        for (action, table), found in sorted(keys.items())
    ]


_ITEM_OPERATIONS = {"DeleteItem": "Key", "GetItem": "Key", "PutItem": "Item", "UpdateItem": "Key"}

OPERATIONS: dict[str, Operation] = {
    **{
        f"sqs.{operation}": on(f"sqs:{action}", _queue)
        for operation, action in _QUEUE_OPERATIONS.items()
    },
    "sqs.GetQueueUrl": on("sqs:GetQueueUrl", _named_queue),
    "sns.Publish": on("sns:Publish", lambda given, _scope: given["TopicArn"]),
    "sns.PublishBatch": on("sns:Publish", lambda given, _scope: given["TopicArn"]),
    **{
        f"dynamodb.{name}": _on_item(f"dynamodb:{name}", part)
        for name, part in _ITEM_OPERATIONS.items()
    },
    "dynamodb.DescribeTable": _on_table("dynamodb:DescribeTable"),
    **{f"dynamodb.{name}": _on_table_or_index(f"dynamodb:{name}") for name in ("Query", "Scan")},
    "dynamodb.BatchGetItem": _get_batch,
    "dynamodb.BatchWriteItem": _write_batch,
    "dynamodb.ListTables": everywhere("dynamodb:ListTables"),
    "dynamodb.TransactGetItems": _transaction,
    "dynamodb.TransactWriteItems": _transaction,
}
