"""Receipt handles of FIFO queues: only that of a message's newest receive is valid, as at AWS.

LocalStack takes earlier ones, so a consumer that had lost a message could still keep it from others
and delete it.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html#receipt-handle
"""

from localstack.services.sqs.exceptions import InvalidParameterValueException
from localstack.services.sqs.models import FifoQueue, SqsMessage
from localstack.services.sqs.utils import extract_receipt_handle_info


def refuse_earlier_receipts() -> None:
    """Let FIFO queues refuse to change or delete a message by an earlier receive's handle."""
    change, check = FifoQueue.update_visibility_timeout, FifoQueue._pre_delete_checks

    def update_visibility_timeout(
        queue: FifoQueue, receipt_handle: str, visibility_timeout: int
    ) -> None:
        with queue.mutex:
            if message := queue.receipts.get(receipt_handle):
                _check(message, receipt_handle)
            change(queue, receipt_handle, visibility_timeout)

    def pre_delete_checks(queue: FifoQueue, message: SqsMessage, receipt_handle: str) -> None:
        check(queue, message, receipt_handle)
        _check(message, receipt_handle)

    FifoQueue.update_visibility_timeout = update_visibility_timeout
    FifoQueue._pre_delete_checks = pre_delete_checks


def _check(message: SqsMessage, receipt_handle: str) -> None:
    received = extract_receipt_handle_info(receipt_handle).last_received
    if received != str(message.last_received):
        raise InvalidParameterValueException(
            f"Value {receipt_handle} for parameter ReceiptHandle is invalid."
            " Reason: The receipt handle has expired."
        )
