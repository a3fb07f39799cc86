"""Checks of instance types, Spot capacity, the AMI, and the quotas by family."""

from typing import Any

import pytest

from infra.deploy.finding import Verdict
from infra.deploy.gpu_quotas import gpu_quotas
from infra.deploy.instance_offers import Offers, image, instance_types, spot_capacity
from tests.deployments import deployment
from tests.stubbed_aws import REGION, Refused, StubbedAws

SIZES = {"g4dn.xlarge": 4, "g5.xlarge": 4, "g6.2xlarge": 8, "p5.4xlarge": 16}
X86 = frozenset({"x86_64"})


def offering(**zones: list[str]) -> StubbedAws:
    """A region whose zones have these types (`g4dn_xlarge`)."""
    names = {name.replace("_", "."): found for name, found in zones.items()}
    rows = [
        {"InstanceType": name, "LocationType": "availability-zone", "Location": zone}
        for name, found in names.items()
        for zone in found
    ]
    sizes = [
        {
            "InstanceType": name,
            "VCpuInfo": {"DefaultVCpus": SIZES[name]},
            "ProcessorInfo": {"SupportedArchitectures": ["x86_64"]},
        }
        for name, found in names.items()
        if found
    ]
    return StubbedAws(
        answers={
            "ec2": {
                "describe_instance_type_offerings": {"InstanceTypeOfferings": rows},
                "describe_instance_types": {"InstanceTypes": sizes},
            }
        }
    )


def test_the_zones_of_each_type_are_named() -> None:
    aws = offering(g4dn_xlarge=["us-east-2b", "us-east-2a"], g5_xlarge=[])
    types = deployment(instance_types=("g4dn.xlarge", "g5.xlarge"))
    found, offers = instance_types(aws, types)
    assert found.verdict is Verdict.WARNING
    assert found.found == "g4dn.xlarge in us-east-2a, us-east-2b; g5.xlarge in no zone"
    assert (offers.vcpus, offers.architectures) == ({"g4dn.xlarge": 4}, {"g4dn.xlarge": X86})


def test_a_region_without_any_of_the_types_stops_the_deployment() -> None:
    found, _ = instance_types(offering(g4dn_xlarge=[]), deployment(instance_types=("g4dn.xlarge",)))
    assert found.verdict is Verdict.BAD


def quotas(**values: float) -> StubbedAws:
    """An account with these quotas by code (`L_DB2E81BA`); all others are 0."""

    def answer(request: Any) -> Any:
        code = request["QuotaCode"]
        return {"Quota": {"QuotaCode": code, "Value": values.get(code.replace("-", "_"), 0.0)}}

    return StubbedAws(answers={"service-quotas": {"get_service_quota": answer}})


def verdicts(aws: StubbedAws, **changed: Any) -> dict[str, str]:
    offers = Offers(vcpus=SIZES)
    found = {one.name: one for one in gpu_quotas(aws, deployment(**changed), offers)}
    return {name: str(one.verdict) for name, one in found.items()}


def test_each_family_and_market_has_a_quota_of_its_own() -> None:
    types = ("g4dn.xlarge", "p5.4xlarge")
    assert set(verdicts(quotas(), instance_types=types)) == {
        "GPU quota Spot (G, VT)",
        "GPU quota on demand (G, VT)",
        "GPU quota Spot (P5)",
        "GPU quota on demand (P)",
    }
    assert set(verdicts(quotas(), instance_types=("p5.4xlarge",))) == {
        "GPU quota Spot (P5)",
        "GPU quota on demand (P)",
    }


def test_the_quota_on_demand_also_holds_the_warm_pool_while_it_is_filled() -> None:
    spot, on_demand = "GPU quota Spot (G, VT)", "GPU quota on demand (G, VT)"
    enough = quotas(L_DB2E81BA=16, L_3819A6DF=16)
    without = {"spot_percentage": 0, "maximum_tasks": 4, "instance_types": ("g4dn.xlarge",)}
    assert verdicts(enough, **without) == {spot: "good", on_demand: "good"}
    assert verdicts(enough, **without, warm_pool_size=1) == {spot: "good", on_demand: "warning"}


def test_the_quota_that_the_fleet_needs_stops_it_and_the_other_is_a_warning() -> None:
    spot, on_demand = "GPU quota Spot (G, VT)", "GPU quota on demand (G, VT)"
    assert verdicts(quotas()) == {spot: "bad", on_demand: "warning"}
    assert verdicts(quotas(), spot_percentage=0) == {spot: "warning", on_demand: "bad"}
    assert verdicts(quotas(), on_demand_base=1) == {spot: "bad", on_demand: "bad"}
    assert verdicts(quotas(L_3819A6DF=64, L_DB2E81BA=64)) == {spot: "good", on_demand: "good"}


def test_the_request_names_the_code_of_the_family_and_all_vcpus() -> None:
    p5 = deployment(instance_types=("p5.4xlarge",), maximum_tasks=2)
    found = list(gpu_quotas(quotas(), p5, Offers(vcpus=SIZES)))
    assert "--quota-code L-C4BD4855 --desired-value 32" in found[0].to_do
    assert "--quota-code L-417A185B --desired-value 32" in found[1].to_do


def test_a_quota_for_fewer_instances_than_the_maximum_is_a_warning() -> None:
    name = "GPU quota Spot (G, VT)"
    assert verdicts(quotas(L_3819A6DF=8), instance_types=("g4dn.xlarge",))[name] == "warning"


def score(value: int) -> StubbedAws:
    scores = [{"Region": REGION, "Score": value}]
    return StubbedAws(
        answers={"ec2": {"get_spot_placement_scores": {"SpotPlacementScores": scores}}}
    )


@pytest.mark.parametrize(("value", "verdict"), [(9, Verdict.GOOD), (2, Verdict.WARNING)])
def test_spot_capacity_is_judged_by_awss_own_score(value: int, verdict: Verdict) -> None:
    found = spot_capacity(score(value), deployment())
    assert found.verdict is verdict
    assert f"placement score {value} of 10 for 4 instances" in found.found


def test_a_low_score_for_two_types_says_nothing_about_the_capacity() -> None:
    two = deployment(instance_types=("g4dn.xlarge", "g5.xlarge"))
    assert spot_capacity(score(1), two).verdict is Verdict.GOOD


def test_no_score_is_asked_for_where_no_spot_instance_is_wanted() -> None:
    aws = score(1)
    for settings in ({"spot_percentage": 0}, {"maximum_tasks": 0}):
        assert spot_capacity(aws, deployment(**settings)).verdict is Verdict.GOOD
    assert aws.calls == []


def with_ami(architecture: str) -> StubbedAws:
    images = [{"ImageId": "ami-0123456789abcdef0", "Architecture": architecture}]
    parameter = {"Parameter": {"Name": "x", "Value": "ami-0123456789abcdef0"}}
    answers = {"ssm": {"get_parameter": parameter}, "ec2": {"describe_images": {"Images": images}}}
    return StubbedAws(answers=answers)


def test_the_ami_has_to_be_of_the_types_architecture() -> None:
    offers = Offers(architectures={"g4dn.xlarge": X86})
    assert image(with_ami("x86_64"), deployment(), offers).verdict is Verdict.GOOD
    found = image(with_ami("arm64"), deployment(), offers)
    assert found.verdict is Verdict.BAD
    assert "is for arm64, g4dn.xlarge is not" in found.found


def test_a_region_without_the_gpu_image_stops_the_deployment() -> None:
    aws = StubbedAws(answers={"ssm": {"get_parameter": Refused("ParameterNotFound")}})
    found = image(aws, deployment(), Offers())
    assert found.verdict is Verdict.BAD
    assert "gpu/recommended/image_id is not in us-east-2" in found.found
    denied = StubbedAws(answers={"ssm": {"get_parameter": Refused("AccessDeniedException")}})
    assert image(denied, deployment(), Offers()).verdict is Verdict.WARNING
