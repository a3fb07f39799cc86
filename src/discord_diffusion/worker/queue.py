"""What the worker needs of a queue; `aws.queue.JobQueue` is one."""

from typing import Protocol

from discord_diffusion.aws.queue import ReceivedMessage


class Queue(Protocol):
    """Leases messages. Methods raise `QueueError`, with a receipt handle `ReceiptLostError` too."""

    def receive(self, *, wait_seconds: int | None = None) -> list[ReceivedMessage]:
        """Wait for a message, for so long or as usual; an empty list when none came."""

    def extend(self, receipt_handle: str, seconds: int) -> None:
        """Keep the message for that long from now."""

    def release(self, receipt_handle: str, delay_seconds: int = 0) -> None:
        """Give the message back."""

    def delete(self, receipt_handle: str) -> None:
        """The work is done."""
