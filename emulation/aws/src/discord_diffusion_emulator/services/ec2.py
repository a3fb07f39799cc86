"""LocalStack's EC2: what moto below it makes of launch templates and of AMIs is mended."""

from typing import Any

from localstack.utils.patch import patch
from moto.ec2.models.amis import AmiBackend
from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateVersion
from moto.ec2.utils import parse_user_data

OF_THE_TEMPLATE = "launch-template"
OF_SNAPSHOTS = "snapshot"


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

    @patch(AmiBackend.create_image)  # type: ignore[untyped-decorator]  # as above
    def _create_image(
        original: Any,
        self: Any,
        instance_id: str,
        name: str,
        description: str,
        tag_specifications: list[dict[str, Any]],
    ) -> Any:
        """The snapshots of an AMI can be tagged with it."""
        kept = [one for one in tag_specifications if one["ResourceType"] != OF_SNAPSHOTS]
        ami = original(self, instance_id, name, description, tag_specifications=kept)
        for one in tag_specifications:
            if one["ResourceType"] == OF_SNAPSHOTS:
                ami.ebs_snapshot.add_tags({tag["Key"]: tag["Value"] for tag in one["Tags"]})
        return ami
