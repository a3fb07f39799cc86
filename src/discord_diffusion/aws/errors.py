"""What every adapter does with the errors of AWS's SDK, which may quote a request with a token.

ServiceError
└── ServiceUnavailableError   no answer in time, throttled or 5xx: the same call may succeed later
"""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as SdkConnectionError

_THROTTLED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "Throttling",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)
"""https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html"""


class ServiceError(Exception):
    """A service did not do what it was asked; the text is its error code or the kind of failure."""


class ServiceUnavailableError(ServiceError):
    """A service did not answer in time, or not now."""


def is_passing(error: BotoCoreError | ClientError) -> bool:
    """Whether the same call may succeed later."""
    if not isinstance(error, ClientError):
        return isinstance(error, (HTTPClientError, SdkConnectionError))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return status >= 500 or code_of(error) in _THROTTLED


def code_of(error: BotoCoreError | ClientError) -> str:
    """AWS's error code, or the kind of failure of what never reached it."""
    if not isinstance(error, ClientError):
        return type(error).__name__
    code = str(error.response.get("Error", {}).get("Code", "unknown"))
    return code.rsplit("#", 1)[-1].rsplit(".", 1)[-1]


@contextmanager
def translated() -> Iterator[None]:
    """Turn the SDK's errors into a `ServiceError`."""
    failure: ServiceError
    try:
        yield
        return
    except (ClientError, BotoCoreError) as error:
        kind = ServiceUnavailableError if is_passing(error) else ServiceError
        failure = kind(code_of(error))
    raise failure from None
