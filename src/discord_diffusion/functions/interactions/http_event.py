"""The HTTP request inside a Lambda event: API Gateway's formats 1.0 and 2.0, and function URLs.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class HttpRequest:
    """Header names are in lower case; the body is as it was sent, byte by byte."""

    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def from_event(cls, event: object) -> "HttpRequest":
        """Read an event; what is missing or garbled becomes empty, and so fails the signature."""
        fields = event if isinstance(event, Mapping) else {}
        return cls(headers=_headers(fields), body=_body(fields))


def _headers(event: Mapping[str, Any]) -> dict[str, str]:
    many, single = event.get("multiValueHeaders"), event.get("headers")
    found: dict[str, str] = {}
    for name, values in (many or {}).items() if isinstance(many, Mapping) else ():
        if isinstance(values, list) and values:
            found[str(name).lower()] = str(values[-1])
    for name, value in (single or {}).items() if isinstance(single, Mapping) else ():
        found[str(name).lower()] = str(value)
    return found


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body")
    if not isinstance(body, str):
        return b""
    if event.get("isBase64Encoded"):
        try:
            return base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            return b""
    return body.encode("utf-8", "surrogatepass")


def http_response(status: int, content: Mapping[str, Any]) -> dict[str, Any]:
    """The answer, in the form that every payload format takes."""
    return {
        "statusCode": status,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(content, ensure_ascii=False),
        "isBase64Encoded": False,
    }
