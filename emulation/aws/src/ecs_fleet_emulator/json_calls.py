"""Calls of AWS's JSON APIs, which pass the gateway by a shorter chain of handlers.

LocalStack's gateway looks in each request for a page or a route of its own, for a presigned
address, another web page's origin and a compressed body, before it asks which API the request is
for, and reads its own answer at the end. A call of a JSON API names its operation in a header, so
the handlers of all that have nothing to do; they take as long as the call itself. What is left
stays in its order: parameters of internal calls, region and account, parsing, the handlers of
IAM's policies and of faults, the service, the log.
https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html
"""

import logging
from typing import Any

from localstack.aws import handlers
from localstack.aws.api import RequestContext
from localstack.aws.app import LocalstackAwsGateway
from localstack.aws.chain import HandlerChain
from localstack.aws.protocol.parser import JSONRequestParser
from localstack.http import Request, Response
from localstack.utils.patch import patch

_WITHOUT_WORK = (
    *("preprocess_request", "enforce_cors", "content_decoder", "validate_request_schema"),
    *("serve_localstack_resources", "serve_edge_router_rules", "parse_pre_signed_url_request"),
    *("inject_auth_header_if_missing", "validate_response_schema", "add_cors_response_headers"),
)
_REPLACED = ("parse_service_response", "log_response")
_NO_CALL = ("Origin", "Referer", "Content-Encoding")
"""Headers of requests that some of the handlers above look at."""
_SIGNED = "AWS4-HMAC-SHA256 "
_AS_SENT = "dynamodb"
"""The API whose requests are not made of LocalStack's types: moto reads them, as they were sent."""


def apply() -> None:
    """Let the gateway take the shorter chain where it can."""
    process, handle = LocalstackAwsGateway.process, LocalstackAwsGateway.handle

    def _process(gateway: Any, request: Request, response: Response) -> None:
        if is_json_call(request) and _has_no_route(request.host):
            _chain(gateway).handle(RequestContext(request), response)
        else:
            process(gateway, request, response)

    def _handle(gateway: Any, context: RequestContext, response: Response) -> None:
        """An internal call."""
        if is_json_call(context.request):
            _chain(gateway).handle(context, response)
        else:
            handle(gateway, context, response)

    LocalstackAwsGateway.process, LocalstackAwsGateway.handle = _process, _handle

    @patch(JSONRequestParser._handle_json_body)  # type: ignore[untyped-decorator]  # LocalStack is untyped
    def _handle_json_body(original: Any, parser: Any, request: Request, *given: Any) -> Any:
        """Leave values of items as they are, where each is a shape with ten members."""
        if parser.service.service_name == _AS_SENT:
            return parser._parse_body_as_json(request)
        return original(parser, request, *given)


def is_json_call(request: Request) -> bool:
    """Whether a request is a signed call of a JSON API, and no web page sent it."""
    headers = request.headers
    return (
        request.method == "POST"
        and request.path == "/"
        and "X-Amz-Target" in headers
        and headers.get("Authorization", "").startswith(_SIGNED)
        and not any(name in headers for name in _NO_CALL)
    )


def _has_no_route(host: str) -> bool:
    """Whether a host is an address or a single name: names below others may have routes."""
    name = host.rpartition(":")[0] or host
    return "." not in name or name[-1:].isdigit()


def _chain(gateway: Any) -> HandlerChain:
    kept = gateway.__dict__.get("json_calls")
    if kept is None:
        needless = {id(getattr(handlers, name)) for name in (*_WITHOUT_WORK, *_REPLACED)}
        kept = gateway.json_calls = (
            [one for one in gateway.request_handlers if id(one) not in needless],
            [*(one for one in gateway.response_handlers if id(one) not in needless), _end],
        )
    requests, responses = kept
    return HandlerChain(requests, responses, gateway.finalizers, gateway.exception_handlers)


def _end(chain: HandlerChain, context: RequestContext, response: Response) -> None:
    """Log the call in LocalStack's words; at level DEBUG LocalStack does, with all contents."""
    log = handlers.log_response.aws_logger
    has_failed = context.service_exception is not None or not context.operation
    if has_failed or log.isEnabledFor(logging.DEBUG):
        handlers.parse_service_response(chain, context, response)
        handlers.log_response(chain, context, response)
    elif not context.is_internal_call:
        service, operation = context.service.service_name, context.operation.name
        log.info("AWS %s.%s => %s", service, operation, response.status_code)
