"""What every adapter of a DynamoDB table shares: its client, its errors, its attribute values.

StoreError
├── StoreUnavailableError   no answer in time, throttled or 5xx: the same call may succeed later
└── UnknownJobError         the table holds no such job
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from discord_diffusion.aws import session
from discord_diffusion.aws.errors import code_of, is_passing

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Items are read and written within a few milliseconds.
_CONFIG = Config(connect_timeout=0.5, read_timeout=1.0, retries={"total_max_attempts": 3})
# One of several calls that have to be answered within Discord's 3 s.
_HASTY_CONFIG = Config(connect_timeout=0.4, read_timeout=0.5, retries={"total_max_attempts": 1})

_REFUSED = "ConditionalCheckFailedException"
Item = Mapping[str, Any]


class StoreError(Exception):
    """DynamoDB did not do what it was asked; the text is its error code, or the kind of failure."""


class StoreUnavailableError(StoreError):
    """DynamoDB did not answer in time, or not now."""


class UnknownJobError(StoreError):
    """The table holds no such job."""


class ConditionFailedError(StoreError):
    """The item is not as the caller demanded; `item` is what it is, None if there is none."""

    def __init__(self, item: Item | None) -> None:
        self.item = item
        super().__init__("the condition does not hold")


def client(region: str | None, *, hasty: bool = False) -> "DynamoDBClient":
    """A client with short time-outs; a `hasty` one asks once only."""
    config = _HASTY_CONFIG if hasty else _CONFIG
    made: DynamoDBClient = session.client("dynamodb", region=region, config=config)
    return made


def write(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attribute values of plain ones; what is None is left out."""
    return {name: _value(one) for name, one in attributes.items() if one is not None}


def _value(plain: Any) -> dict[str, Any]:
    match plain:
        case bool():
            return {"BOOL": plain}
        case int() | float():
            return {"N": repr(plain)}
        case Mapping():
            return {"M": write(plain)}
        case _:
            return {"S": str(plain)}


def read(item: Item) -> dict[str, Any]:
    """Plain values of an item's, as `write` takes them; numbers as float."""
    return {name: _plain(one) for name, one in item.items()}


def _plain(value: Mapping[str, Any]) -> Any:
    ((kind, content),) = value.items()
    match kind:
        case "N":
            return float(content)
        case "M":
            return read(content)
        case _:
            return content


@contextmanager
def translated() -> Iterator[None]:
    """Turn the SDK's errors into a `StoreError`."""
    failure: StoreError
    try:
        yield
        return
    except (ClientError, BotoCoreError) as error:
        failure = _failure(error)
    raise failure from None


def _failure(error: ClientError | BotoCoreError) -> StoreError:
    code = code_of(error)
    if isinstance(error, ClientError) and code == _REFUSED:
        response: Mapping[str, Any] = error.response
        return ConditionFailedError(response.get("Item") or None)
    return StoreUnavailableError(code) if is_passing(error) else StoreError(code)
