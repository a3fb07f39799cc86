"""The steps of a deployment. Each may be done again, and does nothing where nothing changed."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from infra.deploy import endpoint, image, variables
from infra.deploy.errors import DeployError, InputError, RefusedError
from infra.deploy.plan import Plan
from infra.deploy.preflight import Ready
from infra.deploy.registration import Registrar, RegistrationError
from infra.package.__main__ import build
from infra.package.wheels import PackageError
from toolchain.layout import python_of

REPOSITORY = "module.fleet.aws_ecr_repository.worker"
"""The one resource that must be there before the image can be, and so before the rest."""
RUNTIME = "3.13"

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Steps:
    """The steps for what the preflight made ready."""

    ready: Ready
    api_url: str

    def package(self) -> str:
        """Build the Lambda package; its SHA-256. The same sources make the same bytes."""
        out = self.ready.workspace.package
        out.parent.mkdir(parents=True, exist_ok=True)
        try:
            return build(
                out,
                RUNTIME,
                self.ready.deployment.lambda_architecture,
                python_of(self.ready.layout.lambda_environment),
            )
        except PackageError as error:
            raise DeployError(str(error)) from error

    def worker_image(self) -> image.WorkerImage:
        """The image that is to be built."""
        arguments = image.arguments_for(self.ready.values["worker"])
        return image.WorkerImage(self.ready.layout.root, arguments)

    def write_variables(self) -> str:
        """Write the variables of this run; returns the image that they name."""
        ready, given = self.ready, self.ready.choices.image
        application = ready.application
        if application is None:
            raise InputError("Without a valid bot token the application is not known.")
        name = given or self.worker_image().tag()
        worker = None if given else self._with_model_inside(ready.values["worker"])
        ready.workspace.write_variables(variables.complete(ready.said, application, name, worker))
        return name

    @staticmethod
    def _with_model_inside(worker: dict[str, Any]) -> dict[str, Any]:
        return {**worker, "model": image.MODEL_IN_IMAGE, "model_revision": None}

    def plan(self, progress: Progress) -> Plan:
        """Plan the whole deployment."""
        path = self.ready.workspace.plan("whole")
        return self.ready.terraform.plan(path, progress=progress)

    def apply(self, plan: Plan, progress: Progress) -> dict[str, Any]:
        """Carry out the plan that was shown, to the letter.

        Raises:
            RefusedError: it would remove what can't be made again, and nobody allowed it.
        """
        if plan.losses and not self.ready.choices.allow_replacement:
            lost = ", ".join(change.address for change in plan.losses)
            raise RefusedError(
                f"The plan would remove {lost}: jobs that wait, or the address that Discord "
                "knows, would be lost. If that is meant: --allow-replacement."
            )
        path = self.ready.workspace.plan("whole")
        self.ready.terraform.apply(path, plan.steps, progress)
        path.unlink(missing_ok=True)
        return self.ready.terraform.outputs()

    def make_repository(self, progress: Progress) -> None:
        """Make the ECR repository alone, if it is not there."""
        path = self.ready.workspace.plan("repository")
        terraform = self.ready.terraform
        plan = terraform.plan(path, f"-target={REPOSITORY}", progress=progress)
        if plan.changes:
            terraform.apply(path, plan.steps, progress)
        path.unlink(missing_ok=True)

    def push_image(self, tag: str, progress: Progress) -> list[str]:
        """Build and push the image, unless the repository has it; its parts and their budgets."""
        ready = self.ready
        if image.is_pushed(ready.aws, ready.deployment.repository, tag):
            progress("nothing changed")
            return []
        account = ready.aws.identity()["Account"]
        registry = f"{account}.dkr.ecr.{ready.deployment.region}.amazonaws.com"
        reference = f"{registry}/{ready.deployment.repository}:{tag}"
        self.worker_image().build(reference, progress)
        sizes = image.sizes(reference)
        image.push(image.login(ready.aws), reference, progress)
        return sizes

    def keep_token(self) -> bool:
        """Keep the bot token for the next deployment; False if it is kept already."""
        deployment, token = self.ready.deployment, self.ready.token
        assert token is not None  # noqa: S101 - the preflight refuses to go on without one
        tags = {"Project": deployment.project, "Environment": deployment.environment}
        return self.ready.tokens.keep(token, tags | {"Deployment": deployment.prefix})

    def address(self, outputs: dict[str, Any]) -> str:
        """Where Discord reaches the deployment."""
        return endpoint.public_address(
            outputs["discord_interactions_endpoint_url"],
            outputs["rest_api_id"],
            self.ready.choices.endpoint_url,
        )

    def register_commands(self) -> int:
        """Replace the application's commands; how many there are now."""
        with _discord():
            return self._registrar().put_commands(
                self._application_id(), self.ready.choices.guild_id
            )

    def set_endpoint(self, url: str) -> None:
        """Have Discord send interactions here. Discord itself asks the endpoint first, with a
        signed PING and with a wrong signature, and refuses an endpoint that gets either wrong."""
        with _discord():
            found = self._registrar().set_endpoint(url)
        if found.interactions_endpoint_url != url:
            raise DeployError(f"Discord kept {found.interactions_endpoint_url}, not {url}")

    def leave_discord(self, urls: tuple[str, ...]) -> tuple[str, ...]:
        """Take commands and endpoint away, unless the endpoint is another deployment's by now."""
        done = []
        with _discord():
            registrar = self._registrar()
            known = registrar.application().interactions_endpoint_url
            if known and known not in urls:
                return (f"Discord: nothing, the endpoint is {known}, another deployment's",)
            registrar.remove_commands(self._application_id(), self.ready.choices.guild_id)
            done.append("Discord: the commands")
            if known:
                registrar.remove_endpoint()
                done.append(f"Discord: the endpoint {known}")
        return tuple(done)

    def _registrar(self) -> Registrar:
        assert self.ready.token is not None  # noqa: S101 - as above
        return Registrar(self.api_url, self.ready.token)

    def _application_id(self) -> str:
        assert self.ready.application is not None  # noqa: S101 - as above
        return self.ready.application.id


@contextmanager
def _discord() -> Iterator[None]:
    """Turn Discord's refusals into ours."""
    try:
        yield
    except RegistrationError as error:
        raise DeployError(f"Discord refused: {error}") from error
