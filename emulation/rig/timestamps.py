"""Discord's timestamps as a terminal shows them: a client counts them down, a terminal can't.

https://docs.discord.com/developers/reference#message-formatting-timestamp-styles
"""

import re
from datetime import datetime

_STAMP = re.compile(r"<t:(-?\d{1,12})(?::([tTdDfFR]))?>")
_MINUTE, _HOUR = 60, 3600
_STYLES = {
    "t": "%H:%M",
    "T": "%H:%M:%S",
    "d": "%Y-%m-%d",
    "D": "%Y-%m-%d",
    "F": "%A, %Y-%m-%d %H:%M",
}
_USUAL = "%Y-%m-%d %H:%M"


def readable(text: str, now: datetime) -> str:
    """The text with its timestamps in words, by this machine's clock; `now` carries a zone."""
    return _STAMP.sub(lambda found: _words(int(found[1]), found[2], now), text)


def _words(seconds: int, style: str | None, now: datetime) -> str:
    moment = datetime.fromtimestamp(seconds, now.tzinfo)
    if style != "R":
        return moment.strftime(_STYLES.get(style or "", _USUAL))
    away = round((moment - now).total_seconds())
    length = _length(abs(away))
    return f"in {length}" if away >= 0 else f"{length} ago"


def _length(seconds: int) -> str:
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{round(seconds / _MINUTE)} min"
    return f"{round(seconds / _HOUR)} h"
