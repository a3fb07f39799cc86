"""Make the stand-in's application ready, by the calls that a deployment makes to Discord."""

from dataclasses import dataclass, field

from emulation.rig.errors import StartError
from fixtures.discord.signing import application
from infra.deploy.errors import RegistrationError
from infra.deploy.registration import Registrar


@dataclass(frozen=True)
class DiscordSetup:
    """The fixture application on one stand-in."""

    api_url: str
    application_id: str
    bot_token: str = field(repr=False)

    @classmethod
    def from_fixture(cls, api_url: str) -> "DiscordSetup":
        """The application that the stand-in knows."""
        known = application()
        return cls(api_url, known["application_id"], known["bot_token"])

    def public_key(self) -> str:
        """The key with which interactions are signed, as Discord answers it."""
        return Registrar(self.api_url, self.bot_token).application().verify_key

    def register(self, interactions_url: str) -> None:
        """Put the commands and set the endpoint, which is checked by a PING and a forgery.

        Raises:
            StartError: the stand-in refused.
        """
        registrar = Registrar(self.api_url, self.bot_token)
        try:
            registrar.put_commands(self.application_id)
            registrar.set_endpoint(interactions_url)
        except RegistrationError as error:
            raise StartError(f"The application could not be made ready: {error}") from error
