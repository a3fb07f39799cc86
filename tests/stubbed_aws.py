"""AWS for a unit test: botocore's Stubber answers each call, and checks it against AWS's model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from typing import Any

import boto3
from botocore.config import Config
from botocore.stub import Stubber

from infra.deploy.aws import Aws

REGION = "us-east-2"
_STUBBED = Lock()
"""Clients are shared, and a client has one stubber at a time; checks run in threads."""
_CREDENTIALS = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}


@dataclass(frozen=True)
class Refused:
    """AWS refuses a call with a code."""

    code: str
    message: str = "refused"


@dataclass(frozen=True)
class StubbedAws(Aws):
    """Answers by service and operation, in the order of the calls; the last one stays."""

    region: str = REGION
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    calls: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)

    def client(self, service: str) -> Any:
        """A client of the service that reaches no network."""
        return _Answering(self, service, _client(service, self.region))

    def operations(self, service: str) -> list[str]:
        """The operations of a service that were called."""
        return [operation for of, operation, _ in self.calls if of == service]


@cache
def _client(service: str, region: str) -> Any:
    """One for all tests: reading the model of a service such as EC2 takes half a second."""
    no_retries = Config(retries={"total_max_attempts": 1})
    make: Any = boto3.client  # the service's name is not known to the type checker
    return make(service, region_name=region, config=no_retries, **_CREDENTIALS)


@dataclass
class _Answering:
    aws: StubbedAws
    service: str
    client: Any

    def get_paginator(self, operation: str) -> "_Pages":
        return _Pages(self, operation)

    def __getattr__(self, operation: str) -> Any:
        if operation == "exceptions":
            return self.client.exceptions

        def called(**request: Any) -> Any:
            answers = self.aws.answers.get(self.service, {})
            assert operation in answers, f"{self.service} {operation} is not expected"
            self.aws.calls.append((self.service, operation, request))
            number = self.aws.operations(self.service).count(operation) - 1
            answer = _at(answers[operation], number, request)
            with _STUBBED, Stubber(self.client) as stubber:
                if isinstance(answer, Refused):
                    stubber.add_client_error(operation, answer.code, answer.message)
                else:
                    stubber.add_response(operation, answer)
                return getattr(self.client, operation)(**request)

        return called


@dataclass
class _Pages:
    client: _Answering
    operation: str

    def paginate(self, **request: Any) -> list[Any]:
        return [getattr(self.client, self.operation)(**request)]


def _at(answers: Any, number: int, request: Mapping[str, Any]) -> Any:
    if callable(answers):
        return answers(request)
    if isinstance(answers, Sequence):
        return answers[min(number, len(answers) - 1)]
    return answers
