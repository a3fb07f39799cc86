"""LocalStack's EC2: what moto below it makes of launch templates is corrected."""

from typing import Any

from localstack.utils.patch import patch
from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateVersion
from moto.ec2.utils import parse_user_data

OF_THE_TEMPLATE = "launch-template"


def mend() -> None:
    """Correct moto's EC2. Called once."""

    @patch(LaunchTemplateVersion.__init__)  # type: ignore[untyped-decorator]  # moto is untyped
    def _version(
        original: Any, self: Any, template: Any, number: int, data: dict[str, Any], text: str
    ) -> None:
        """Tags of the template itself are not among what it launches; user data of later
        versions is read like the first one's."""
        specifications = data.get("TagSpecifications")
        if specifications is not None:
            kept = [one for one in specifications if one["ResourceType"] != OF_THE_TEMPLATE]
            data = {**data, "TagSpecifications": kept}
            if not kept:
                del data["TagSpecifications"]
        if isinstance(data.get("UserData"), str):
            data = {**data, "UserData": parse_user_data(data["UserData"])}
        original(self, template, number, data, text)

    # Read anew each time, so that tags that are changed later are seen.
    LaunchTemplate.tags = property(lambda self: self.get_tags(), lambda *_: None)
