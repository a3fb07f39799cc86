"""Reads environment variables strictly. Nothing else in the package reads the environment.

An empty variable counts as not set. All problems are reported together, by name, so that a
deployment is corrected in one round.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Self, TypeVar

from discord_diffusion.jobs.models import TokenInAddressError
from discord_diffusion.logs import LogOptions

T = TypeVar("T")
_MAY_HOLD_TOKEN = re.compile(r'://(?:[^/\s"]*@|[^\s"]*\?)|:[^/\s"]+@|\?\w+=')
"""A user, a password or a query, in an address of any text."""
N = TypeVar("N", int, float)

QUEUE_URL = "QUEUE_URL"
"""The SQS FIFO queue of jobs."""
LOG_LEVEL = "LOG_LEVEL"
"""Least severity that is logged: DEBUG, INFO, WARNING or ERROR."""
LOG_TRACEBACKS = "LOG_TRACEBACKS"
"""yes: log texts and tracebacks of unknown errors, which may quote tokens; set on the rig alone."""
DISCORD_API_URL = "DISCORD_API_URL"
"""Base of Discord's HTTP API, with its version."""
AWS_REGION = "AWS_REGION"
"""Region of the AWS clients where a resource's address names none; set by Lambda itself."""
AWS_DEFAULT_REGION = "AWS_DEFAULT_REGION"
"""The region by its older name, the only one that boto3 reads."""
JOBS_TABLE = "JOBS_TABLE"
"""Name of the DynamoDB jobs table; optional for a worker."""
METRIC_NAMESPACE = "METRIC_NAMESPACE"
"""CloudWatch namespace of the deployment's own metrics."""
MODELS = "MODELS"
"""More models that a job may name: a JSON object, name -> {"model": ..., "scheduler": ...}."""
SCHEDULER = "SCHEDULER"
"""Class name of a diffusers scheduler; the model's own if not set."""
MAX_PIXELS = "MAX_PIXELS"
"""Width times height of the largest picture that is drawn; no limit but memory if not set."""
DEFAULT_GUIDANCE = "DEFAULT_GUIDANCE"
"""Guidance scale of a command that names none."""
DEFAULT_WIDTH = "DEFAULT_WIDTH"
"""Width of a picture in pixels."""
DEFAULT_HEIGHT = "DEFAULT_HEIGHT"
"""Height of a picture in pixels."""
DEFAULT_STEPS = "DEFAULT_STEPS"
"""Denoising steps of a command that names none."""
DEFAULT_IMAGES = "DEFAULT_IMAGES"
"""Pictures of a command that names no number."""

DISCORD_API = "https://discord.com/api/v10"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class SettingsError(Exception):
    """Variables are missing or wrong; the text lists every problem by the variable's name."""


@dataclass(frozen=True)
class Reader:
    """Reads variables and collects problems: a context that ends with an error if there are any.

    A method whose variable has a problem returns the default or the placeholder.
    """

    environ: Mapping[str, str] | None
    problems: list[str] = field(default_factory=list)

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, error_type: object, error: object, traceback: object) -> None:
        if not error and self.problems:
            raise SettingsError("; ".join(self.problems))

    def text(self, name: str) -> str | None:
        found = (os.environ if self.environ is None else self.environ).get(name, "")
        return found.strip() or None

    def optional(self, name: str, parse: Callable[[str], T], default: T) -> T:
        value = self.text(name)
        if value is None:
            return default
        try:
            return parse(value)
        except ValueError as error:
            # Another problem of the same value may have been found first.
            is_secret = isinstance(error, TokenInAddressError) or _MAY_HOLD_TOKEN.search(value)
            problem = f"{name}: {error}" if is_secret else f"{name}={value!r}: {error}"
            if problem not in self.problems:
                self.problems.append(problem)
            return default

    def required(self, name: str, parse: Callable[[str], T], placeholder: T) -> T:
        if self.text(name) is None:
            self.problems.append(f"{name} is not set")
        return self.optional(name, parse, placeholder)

    def url(self, name: str, default: str | None = None) -> str:
        if default is None:
            return self.required(name, _url, "")
        return self.optional(name, _url, default)

    def integer(self, name: str, default: int, allowed: tuple[int, int]) -> int:
        return self.optional(name, lambda text: within(int(text), allowed), default)

    def number(self, name: str, default: float, allowed: tuple[float, float]) -> float:
        return self.optional(name, lambda text: within(float(text), allowed), default)

    def choice(
        self,
        name: str,
        default: str,
        allowed: tuple[str, ...],
        normalise: Callable[[str], str] = str,
    ) -> str:
        def parse(text: str) -> str:
            if normalise(text) not in allowed:
                raise ValueError(f"one of {', '.join(allowed)} is allowed")
            return normalise(text)

        return self.optional(name, parse, default)

    def log_options(self) -> LogOptions:
        return LogOptions(
            level=self.choice(LOG_LEVEL, "INFO", LOG_LEVELS, str.upper),
            tracebacks=self.choice(LOG_TRACEBACKS, "no", ("yes", "no")) == "yes",
        )

    def region(self) -> str | None:
        return self.text(AWS_REGION) or self.text(AWS_DEFAULT_REGION)


class Settings:
    """The settings of one program; a subclass has a field for each and says how it is read."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the environment; the process's own if None.

        Raises:
            SettingsError: with every problem.
        """
        with Reader(environ) as read:
            return cls.read(read)

    @classmethod
    def read(cls, read: Reader) -> Self:
        """The settings as `read` finds them; it collects the problems."""
        raise NotImplementedError


def set_for_libraries(**variables: str) -> None:
    """Set variables that libraries read, for this process and those that it starts."""
    os.environ.update(variables)


def set_default_for_libraries(name: str, value: str, *older_names: str) -> None:
    """Set a variable that libraries read, unless it is set, or has been by an older name."""
    if not any(os.environ.get(known) for known in (name, *older_names)):
        os.environ[name] = value


def _url(text: str) -> str:
    if not re.match(r"https?://[^/\s]+", text):
        raise ValueError("an address that begins with http:// or https:// is needed")
    return text.rstrip("/")


def within(value: N, allowed: tuple[N, N]) -> N:
    if not allowed[0] <= value <= allowed[1]:
        raise ValueError(f"{allowed[0]} to {allowed[1]} is allowed")
    return value
