"""Structured logs: one JSON object a line."""

import json
import logging
import sys
import time
import traceback
from dataclasses import dataclass

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


@dataclass(frozen=True)
class LogOptions:
    """What a program logs."""

    level: str = "INFO"
    """Least severity that is logged."""
    tracebacks: bool = False
    """Whether the text and the traceback of an unknown error are logged; they may quote a token."""


_options = LogOptions()


class JsonFormatter(logging.Formatter):
    """Writes a record and its `extra` fields as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; the times are UTC."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line: dict[str, object] = {
            "time": f"{stamp}.{int(record.msecs):03d}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def place_of(error: BaseException) -> str:
    """The file and line where an error arose, for logs that must not hold its text."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "unknown"


def error_fields(error: BaseException) -> dict[str, str]:
    """An unknown error as fields of a log line: its kind, its place, and more where allowed."""
    fields = {"error": type(error).__name__, "at": place_of(error)}
    if _options.tracebacks:
        fields["traceback"] = "".join(traceback.format_exception(error))
    return fields


def configure(options: LogOptions) -> None:
    """Log to standard output, in place of the handlers that a runtime has set."""
    global _options
    _options = options
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=options.level, handlers=[handler], force=True)
    # The SDK's debug log holds request bodies, and with them tokens.
    for name in ("botocore", "boto3", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)
