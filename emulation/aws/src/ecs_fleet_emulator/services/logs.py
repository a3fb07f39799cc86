"""CloudWatch Logs of LocalStack, whose streams do not grow for ever."""

from localstack.services.logs.provider import LogsProvider
from localstack.services.moto import MotoFallbackDispatcher
from localstack.services.plugins import Service

from . import log_streams


def service() -> Service:
    """CloudWatch Logs."""
    log_streams.apply()  # after the import of the provider, which replaces the same method
    return Service.for_provider(LogsProvider(), dispatch_table_factory=MotoFallbackDispatcher)
