"""A FIFO queue knows a message by the newest receive alone, as AWS does."""

from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from running_emulator import Emulator


def test_the_handle_of_an_earlier_receive_neither_keeps_nor_deletes_a_message(
    emulator: Emulator,
) -> None:
    sqs = emulator.client("sqs")
    url = sqs.create_queue(
        QueueName=f"receipts-{uuid4().hex}.fifo", Attributes={"FifoQueue": "true"}
    )["QueueUrl"]
    sqs.send_message(
        QueueUrl=url, MessageBody="a", MessageGroupId="a", MessageDeduplicationId=uuid4().hex
    )
    handles = []
    for _ in range(2):
        [message] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
        handles.append({"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]})
        sqs.change_message_visibility(**handles[-1], VisibilityTimeout=0)
    [message] = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    newest = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
    for earlier in handles:
        with pytest.raises(ClientError, match="receipt handle has expired"):
            sqs.change_message_visibility(**earlier, VisibilityTimeout=0)
        with pytest.raises(ClientError, match="receipt handle has expired"):
            sqs.delete_message(**earlier)
    sqs.change_message_visibility(**newest, VisibilityTimeout=60)
    sqs.delete_message(**newest)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    sqs.delete_queue(QueueUrl=url)
