"""The trace of a request: the header of AWS X-Ray, rewritten as a W3C traceparent.

AWS: https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
W3C: https://www.w3.org/TR/trace-context/#traceparent-header
"""

import re
from collections.abc import Mapping

HEADER = "x-amzn-trace-id"
_ROOT = re.compile(r"1-([0-9a-f]{8})-([0-9a-f]{24})")
_PARENT = re.compile(r"[0-9a-f]{16}")


def traceparent(headers: Mapping[str, str]) -> str | None:
    """The traceparent of a request; `headers` have names in lower case.

    None if the header is missing or malformed, or names no parent: API Gateway adds one only where
    X-Ray traces the stage.
    """
    pairs = (field.strip().partition("=") for field in headers.get(HEADER, "").split(";"))
    fields = {name: value for name, _, value in pairs}
    root, parent = _ROOT.fullmatch(fields.get("Root", "")), fields.get("Parent", "")
    if not root or not _PARENT.fullmatch(parent):
        return None
    trace_id = root[1] + root[2]
    if not int(trace_id, 16) or not int(parent, 16):
        return None  # W3C allows neither id to be all zeros.
    flags = "01" if fields.get("Sampled") == "1" else "00"
    return f"00-{trace_id}-{parent}-{flags}"
