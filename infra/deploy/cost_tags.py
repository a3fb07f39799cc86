"""The cost-allocation tag by which the budget counts: inactive until a person activates it.

AWS lists a tag about a day after the first resource has it. Only a management account, or an
account that belongs to no organization, may activate one.
https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/activating-tags.html
"""

from functools import partial

from infra.deploy.aws import Aws, aws_action
from infra.deploy.errors import AwsError
from infra.deploy.finding import Finding, Offer, good, warning

TAG = "Deployment"
_NAME = "budget"
_BILLING = "https://console.aws.amazon.com/billing/home#/tags"


def cost_tag(aws: Aws) -> Finding:
    """Whether the budget's tag is active; if AWS lists it, its activation is offered."""
    try:
        with aws_action("ce:ListCostAllocationTags"):
            listed = aws.client("ce").list_cost_allocation_tags(TagKeys=[TAG])["CostAllocationTags"]
    except AwsError as error:
        to_do = f"Activate the tag {TAG} in the account that pays: {_BILLING}."
        return warning(_NAME, f"it may count nothing: {error}", to_do)
    if not listed:
        return warning(
            _NAME,
            f"it counts nothing yet: AWS lists the tag {TAG} a day after the first deployment",
            "Run `make deploy-aws` again tomorrow: it offers to activate the tag.",
        )
    if listed[0]["Status"] == "Active":
        return good(_NAME, f"it counts what is tagged {TAG}")
    return warning(
        _NAME,
        f"it counts nothing: the cost-allocation tag {TAG} is inactive",
        f"`make deploy-aws` offers to activate it, or do it at {_BILLING}.",
        Offer(f"Activate the cost-allocation tag {TAG}?", partial(_activate, aws)),
    )


def _activate(aws: Aws) -> None:
    with aws_action("ce:UpdateCostAllocationTagsStatus"):
        answer = aws.client("ce").update_cost_allocation_tags_status(
            CostAllocationTagsStatus=[{"TagKey": TAG, "Status": "Active"}]
        )
    if errors := answer.get("Errors"):
        raise AwsError(f"ce:UpdateCostAllocationTagsStatus: {errors[0].get('Message')}")
