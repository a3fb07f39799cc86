"""The worker's image: builds it, pushes it to ECR, and names it by its content.

The repository refuses to use a tag twice, so that an image whose tag exists is not built again.
Docker gets ECR's password by its standard input, and logs out afterwards.
"""

import base64
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import ClientError

from discord_diffusion.worker.plan.errors import UnusableFileError
from discord_diffusion.worker.plan.single_files import locate
from infra.deploy import image_sizes
from infra.deploy.aws import Aws, aws_action, error_code
from infra.deploy.choices import HF_TOKEN
from infra.deploy.errors import ImageError
from toolchain.errors import CommandFailedError

DOCKERFILE = Path("docker/worker.Dockerfile")
# Everything that the Dockerfile copies; its .dockerignore excludes all else from the context.
_CONTEXT = ("docker", "requirements", "src/discord_diffusion", "fixtures/model/tiny")
_PLATFORM = "linux/amd64"
_SKIPPED = ("__pycache__", ".pyc")
MODEL_IN_IMAGE = "/model"
"""The folder of the model in the image."""


@dataclass(frozen=True)
class WorkerImage:
    """The worker's image, to be built from the checkout at `root`."""

    root: Path
    arguments: Mapping[str, str]

    def tag(self) -> str:
        """A tag that changes with every file and argument of the image."""
        digest = hashlib.sha256(repr(sorted(self.arguments.items())).encode())
        for path in self._files():
            digest.update(str(path.relative_to(self.root)).encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        return f"content-{digest.hexdigest()[:16]}"

    def _files(self) -> Iterator[Path]:
        for name in _CONTEXT:
            for path in sorted((self.root / name).rglob("*")):
                if path.is_file() and not any(part in str(path) for part in _SKIPPED):
                    yield path

    def build(
        self, reference: str, progress: Callable[[str], None], hub_token: str | None = None
    ) -> None:
        """Build it for the fleet's instances, with the name `reference`.

        `hub_token` is a Hugging Face token for a model that is not for everybody. Docker gets it as
        a secret of the build, by its environment: no layer, history or list of processes has it.

        Raises:
            ImageError: Docker failed.
        """
        words = ["buildx", "build", "--platform", _PLATFORM, "--progress=plain", "--load"]
        words += ["-f", str(self.root / DOCKERFILE), "--tag", reference]
        for name, value in self.arguments.items():
            words += ["--build-arg", f"{name}={value}"]
        secrets = {HF_TOKEN: hub_token} if hub_token else {}
        if hub_token:
            words += ["--secret", f"id=hf_token,env={HF_TOKEN}"]
        _docker([*words, str(self.root)], progress, secrets=secrets)


def arguments_for(
    worker: Mapping[str, object], root: Path, *, quantizes: bool = False
) -> dict[str, str]:
    """The build arguments for the root module's variable `worker`: CUDA, and the model to add.

    Folders and files are below `root`. `quantizes` says whether a model is kept in 8 bits, for
    which torchao is added.
    """
    arguments = {
        # On Linux PyPI has the CUDA build. torch links all CUDA libraries, so none can be left out.
        "TORCH": "pypi",
        "TORCH_COMPILE": "yes" if _compiles(worker) else "no",
        "QUANTIZATION": "yes" if quantizes else "no",
        "MODEL": worker.get("model"),
        "MODEL_REVISION": worker.get("model_revision"),
        "MODEL_VARIANT": worker.get("model_variant"),
        "MODEL_VAE": worker.get("model_vae"),
        "MODEL_LORA": None if _is_one_file(worker, root) else worker.get("model_lora"),
    }
    return {name: str(value) for name, value in arguments.items() if value}


def as_in_image(worker: Mapping[str, object], root: Path) -> dict[str, object]:
    """The variable `worker` for an image that holds its model, autoencoder and LoRA.

    A LoRA is not merged into a model in one file: each worker does it.
    """
    found = {**worker, "model": MODEL_IN_IMAGE, "model_revision": None, "model_vae": None}
    return found if _is_one_file(worker, root) else {**found, "model_lora": None}


def _is_one_file(worker: Mapping[str, object], root: Path) -> bool:
    """Whether the worker takes the model for one file: named, or alone in a folder."""
    model = worker.get("model")
    if not model:
        return False
    local = root / str(model)
    try:
        return locate(str(local if local.exists() else model)) is not None
    except UnusableFileError:
        return False  # the preflight has said so


def _compiles(worker: Mapping[str, object]) -> bool:
    """Whether the worker uses torch.compile: set, or `auto` with a folder for its cache."""
    wanted = worker.get("compile") or "auto"
    return bool(worker.get("compile_cache")) if wanted == "auto" else wanted != "off"


def sizes(reference: str) -> list[str]:
    """A line for each part of a built image: its size and its budget.

    Raises:
        ImageError: Docker knows no such image.
    """
    try:
        layers = image_sizes.layers(reference)
    except CommandFailedError as error:
        raise ImageError(str(error)) from error
    return image_sizes.report(image_sizes.parts(layers))


def is_pushed(aws: Aws, repository: str, tag: str) -> bool:
    """Whether the repository has the image already."""
    with aws_action("ecr:DescribeImages"):
        try:
            aws.client("ecr").describe_images(
                repositoryName=repository, imageIds=[{"imageTag": tag}]
            )
        except ClientError as error:
            if error_code(error) in ("ImageNotFoundException", "RepositoryNotFoundException"):
                return False
            raise
    return True


def address(aws: Aws, repository: str) -> str:
    """The repository's address, whose domain depends on AWS's partition.

    Raises:
        AwsError: there is no such repository, or AWS refused the call.
    """
    with aws_action("ecr:DescribeRepositories"):
        found = aws.client("ecr").describe_repositories(repositoryNames=[repository])
    return str(found["repositories"][0]["repositoryUri"])


@dataclass(frozen=True)
class Login:
    """User and password for a registry; valid for some hours."""

    user: str
    password: str = field(repr=False)


def login(aws: Aws) -> Login:
    """A login to the account's own registry."""
    with aws_action("ecr:GetAuthorizationToken"):
        answer = aws.client("ecr").get_authorization_token()["authorizationData"][0]
    user, password = base64.b64decode(answer["authorizationToken"]).decode().split(":", 1)
    return Login(user, password)


def push(login: Login, reference: str, progress: Callable[[str], None]) -> None:
    """Push an image that was built.

    Raises:
        ImageError: Docker failed.
    """
    registry = reference.split("/", 1)[0]
    words = ["login", "--username", login.user, "--password-stdin", registry]
    _docker(words, progress, stdin=login.password)
    try:
        _docker(["push", "--quiet", reference], progress)
    finally:
        _docker(["logout", registry], progress)


def _docker(
    words: list[str],
    progress: Callable[[str], None],
    stdin: str | None = None,
    secrets: Mapping[str, str] | None = None,
) -> None:
    """Run Docker; `secrets` are environment variables that it alone gets."""
    program = shutil.which("docker")
    if program is None:
        raise ImageError("Docker was not found: build elsewhere, then --skip-image --image ...")
    last: list[str] = []
    with subprocess.Popen(  # noqa: S603 - Docker, with words of our own
        [program, *words],
        env=os.environ | dict(secrets or {}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdin is not None  # noqa: S101 - PIPE above
        assert process.stdout is not None  # noqa: S101 - as above
        process.stdin.write(stdin or "")
        process.stdin.close()
        for line in process.stdout:
            if text := line.strip():
                last = [*last[-20:], text]
                progress(text[:90])
    if process.returncode != 0:
        raise ImageError(f"docker {words[0]} failed:\n" + "\n".join(last))
