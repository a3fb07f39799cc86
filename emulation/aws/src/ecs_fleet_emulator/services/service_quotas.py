"""Service Quotas with the vCPUs of GPU instances; moto has the quotas of VPC only.

A new account has none. A requested increase is granted at once, where AWS takes minutes to days.
https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.services.moto import call_moto
from localstack.services.plugins import Service

from .moto_service import Operation, moto_service

NAMES = {
    "L-DB2E81BA": "Running On-Demand G and VT instances",
    "L-3819A6DF": "All G and VT Spot Instance Requests",
}
DEFAULT = 0.0
"""The quotas of a new account."""

_Key = tuple[str, str, str]
"""Account, region and quota code."""
_granted: dict[_Key, float] = {}


def _operation(answer: Callable[[_Key, Any], dict[str, Any]]) -> Operation:
    """An operation that `answer` handles for the quotas in NAMES, and moto for all others."""

    def called(context: RequestContext, request: Any) -> Any:
        if request.get("ServiceCode") != "ec2" or request.get("QuotaCode") not in NAMES:
            return call_moto(context)
        return answer((context.account_id, context.region, request["QuotaCode"]), request)

    return called


def _quota(key: _Key, value: float) -> dict[str, Any]:
    account, region, code = key
    return {
        "ServiceCode": "ec2",
        "ServiceName": "Amazon Elastic Compute Cloud (Amazon EC2)",
        "QuotaArn": f"arn:aws:servicequotas:{region}:{account}:ec2/{code}",
        "QuotaCode": code,
        "QuotaName": NAMES[code],
        "Value": value,
        "Unit": "None",
        "Adjustable": True,
        "GlobalQuota": False,
    }


def _request_increase(key: _Key, request: Any) -> dict[str, Any]:
    wanted = float(request["DesiredValue"])
    if wanted <= _granted.get(key, DEFAULT):
        raise CommonServiceException(
            "IllegalArgumentException", "The value must be greater than the current quota value."
        )
    _granted[key] = wanted
    return {
        "RequestedQuota": {
            **_quota(key, wanted),
            "Id": uuid4().hex,
            "DesiredValue": wanted,
            "Status": "APPROVED",
            "Created": datetime.now(UTC),
        }
    }


def service() -> Service:
    """Service Quotas, with those of GPU instances."""
    operations = {
        "GetServiceQuota": _operation(
            lambda key, _: {"Quota": _quota(key, _granted.get(key, DEFAULT))}
        ),
        "GetAWSDefaultServiceQuota": _operation(lambda key, _: {"Quota": _quota(key, DEFAULT)}),
        "RequestServiceQuotaIncrease": _operation(_request_increase),
    }
    return moto_service("service-quotas", operations)
