"""EC2 of LocalStack, with patches of moto's launch templates, and Spot placement scores."""

from functools import partial
from typing import Any

from localstack.aws.api import RequestContext
from localstack.services.ec2.provider import Ec2Provider
from localstack.services.moto import MotoFallbackDispatcher
from localstack.services.plugins import Service
from localstack.utils.patch import patch
from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateVersion
from moto.ec2.utils import parse_user_data

from ecs_fleet_emulator.fleet.agent import FleetAgent

TEMPLATE_TAGS = "launch-template"
_SCORE, _SCORE_WITHOUT_CAPACITY = 9, 1


def service(agent: FleetAgent) -> Service:
    """EC2, whose launch templates are as Terraform expects them."""
    _apply_patches()

    def dispatch(provider: Any) -> Any:
        table = MotoFallbackDispatcher(provider)
        table["GetSpotPlacementScores"] = partial(_spot_placement_scores, agent)
        return table

    return Service.for_provider(Ec2Provider(), dispatch_table_factory=dispatch)


def _spot_placement_scores(
    agent: FleetAgent, context: RequestContext, request: Any
) -> dict[str, Any]:
    """A high score for each region, unless the fleet agent lets launches fail there.

    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetSpotPlacementScores.html
    """
    scores = []
    for name in request.get("RegionNames") or [context.region]:
        with agent.region(context.account_id, name) as region:
            denied = region.simulation.state.denied
        scores.append({"Region": name, "Score": _SCORE_WITHOUT_CAPACITY if denied else _SCORE})
    return {"SpotPlacementScores": scores}


def _apply_patches() -> None:
    @patch(LaunchTemplateVersion.__init__)  # type: ignore[untyped-decorator]  # moto is untyped
    def _version(
        original: Any, self: Any, template: Any, number: int, data: dict[str, Any], text: str
    ) -> None:
        """Keep the template's own tags out of what it launches, and decode the user data of later
        versions like the first version's."""
        specifications = data.get("TagSpecifications")
        if specifications is not None:
            kept = [spec for spec in specifications if spec["ResourceType"] != TEMPLATE_TAGS]
            data = {**data, "TagSpecifications": kept}
            if not kept:
                del data["TagSpecifications"]
        if isinstance(data.get("UserData"), str):
            data = {**data, "UserData": parse_user_data(data["UserData"])}
        original(self, template, number, data, text)

    # A property, so that later changes of the tags are returned.
    LaunchTemplate.tags = property(lambda self: self.get_tags(), lambda *_: None)
