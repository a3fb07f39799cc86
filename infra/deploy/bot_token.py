"""The bot token, kept in SSM as a SecureString, encrypted with AWS's own key.

Only the deploy step reads it, to register commands and to set the endpoint: no function and no
worker needs it, since answers go to an interaction's own token. So none may read it, either.
"""

from dataclasses import dataclass

from botocore.exceptions import ClientError

from infra.deploy.aws import Aws, code_of, named

_KEY_OF_AWS = "alias/aws/ssm"


@dataclass(frozen=True)
class TokenStore:
    """One parameter of one deployment."""

    aws: Aws
    name: str

    def get(self) -> str | None:
        """The token that the last deployment kept, or None."""
        with named("ssm:GetParameter"):
            try:
                found = self.aws.client("ssm").get_parameter(Name=self.name, WithDecryption=True)
            except ClientError as error:
                if code_of(error) == "ParameterNotFound":
                    return None
                raise
        return str(found["Parameter"]["Value"])

    def keep(self, token: str, tags: dict[str, str]) -> bool:
        """Keep the token; False if it is there already."""
        known = self.get()
        if known == token:
            return False
        options = {"Overwrite": True} if known else {"Tags": [_tag(*item) for item in tags.items()]}
        with named("ssm:PutParameter"):
            self.aws.client("ssm").put_parameter(
                Name=self.name,
                Description="Discord bot token, for the deploy step alone",
                Type="SecureString",
                KeyId=_KEY_OF_AWS,
                Value=token,
                **options,
            )
        return True

    def remove(self) -> bool:
        """Remove it; False if there is none."""
        with named("ssm:DeleteParameter"):
            try:
                self.aws.client("ssm").delete_parameter(Name=self.name)
            except ClientError as error:
                if code_of(error) == "ParameterNotFound":
                    return False
                raise
        return True


def _tag(key: str, value: str) -> dict[str, str]:
    return {"Key": key, "Value": value}
