"""The jobs table for tests that need no Terraform."""

from typing import Any


def create_jobs_table(client: Any, name: str) -> None:
    """Create a jobs table with the keys and the indexes that Terraform gives it."""
    attributes = {"id": "S", "waiting": "S", "history": "S", "created_at": "N"}
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": attribute, "AttributeType": kind}
            for attribute, kind in attributes.items()
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": name,
                "KeySchema": [
                    {"AttributeName": name, "KeyType": "HASH"},
                    {"AttributeName": "created_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": projection},
            }
            for name, projection in (("waiting", "ALL"), ("history", "KEYS_ONLY"))
        ],
    )
