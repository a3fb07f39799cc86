"""Service Quotas for what a fleet needs: vCPUs of GPU instances. moto knows those of VPC alone.

A new account may run none. Here a requested increase is granted at once, where AWS takes minutes to
days. https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html
"""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.services.moto import call_moto

NAMES = {
    "L-DB2E81BA": "Running On-Demand G and VT instances",
    "L-3819A6DF": "All G and VT Spot Instance Requests",
}
DEFAULT = 0.0
"""What an account begins with."""

_Key = tuple[str, str, str]
_granted: dict[_Key, float] = {}


def _key(context: RequestContext, request: Any) -> _Key | None:
    """Account, region and quota; None for a quota that is not one of these."""
    if request.get("ServiceCode") != "ec2" or request.get("QuotaCode") not in NAMES:
        return None
    return context.account_id, context.region, request["QuotaCode"]


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


def _get(context: RequestContext, request: Any) -> Any:
    key = _key(context, request)
    if key is None:
        return call_moto(context)
    return {"Quota": _quota(key, _granted.get(key, DEFAULT))}


def _get_default(context: RequestContext, request: Any) -> Any:
    key = _key(context, request)
    return call_moto(context) if key is None else {"Quota": _quota(key, DEFAULT)}


def _request_increase(context: RequestContext, request: Any) -> Any:
    key = _key(context, request)
    if key is None:
        return call_moto(context)
    wanted = float(request["DesiredValue"])
    if wanted <= _granted.get(key, DEFAULT):
        raise CommonServiceException(
            "IllegalArgumentException", "The value must be greater than the current quota value."
        )
    _granted[key] = wanted
    asked = {"Id": uuid4().hex, "DesiredValue": wanted, "Status": "APPROVED"}
    asked["Created"] = datetime.now(UTC)
    return {"RequestedQuota": {**_quota(key, wanted), **asked}}


OPERATIONS = {
    "GetServiceQuota": _get,
    "GetAWSDefaultServiceQuota": _get_default,
    "RequestServiceQuotaIncrease": _request_increase,
}
