"""The worker's image: built, pushed to ECR and named by what went into it.

A tag is never used twice (the repository refuses it), so a tag that is there needs no building.
ECR's password goes to Docker by its standard input, and is forgotten afterwards.
"""

import base64
import hashlib
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import ClientError

from infra.deploy import image_sizes
from infra.deploy.aws import Aws, code_of, named
from infra.deploy.errors import ImageError
from toolchain.errors import CommandFailedError

DOCKERFILE = Path("docker/worker.Dockerfile")
# What the Dockerfile copies: its .dockerignore lets nothing else into the context.
_CONTEXT = ("docker", "requirements", "src/discord_diffusion", "fixtures/model/tiny")
_PLATFORM = "linux/amd64"
_SKIPPED = ("__pycache__", ".pyc")
MODEL_IN_IMAGE = "/model"
"""Where the image holds the model it was built with."""


@dataclass(frozen=True)
class WorkerImage:
    """What is to be built from the checkout at `root`."""

    root: Path
    arguments: Mapping[str, str]

    def tag(self) -> str:
        """A name that changes with everything that goes into the image."""
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

    def build(self, reference: str, progress: Callable[[str], None]) -> None:
        """Build it for the fleet's instances, under the name `reference`.

        Raises:
            ImageError: Docker could not.
        """
        words = ["buildx", "build", "--platform", _PLATFORM, "--progress=plain", "--load"]
        words += ["-f", str(self.root / DOCKERFILE), "--tag", reference]
        for name, value in self.arguments.items():
            words += ["--build-arg", f"{name}={value}"]
        _docker([*words, str(self.root)], progress)


def arguments_for(worker: Mapping[str, object]) -> dict[str, str]:
    """Build arguments for the root module's variable `worker`: CUDA, and its model inside."""
    known = {
        # CUDA's build on Linux; every one of its libraries is linked, so that none can be left out.
        "TORCH": "pypi",
        "TORCH_COMPILE": "yes" if _compiles(worker) else "no",
        "MODEL": worker.get("model"),
        "MODEL_REVISION": worker.get("model_revision"),
        "MODEL_VARIANT": worker.get("model_variant"),
    }
    return {name: str(value) for name, value in known.items() if value}


def _compiles(worker: Mapping[str, object]) -> bool:
    """Whether torch.compile is wanted: by name, or by `auto` with a folder to keep its work in."""
    wanted = worker.get("compile") or "auto"
    return bool(worker.get("compile_cache")) if wanted == "auto" else wanted != "off"


def sizes(reference: str) -> list[str]:
    """The size of each part of an image that was built, and its budget; the model has none.

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
    with named("ecr:DescribeImages"):
        try:
            aws.client("ecr").describe_images(
                repositoryName=repository, imageIds=[{"imageTag": tag}]
            )
        except ClientError as error:
            if code_of(error) in ("ImageNotFoundException", "RepositoryNotFoundException"):
                return False
            raise
    return True


@dataclass(frozen=True)
class Login:
    """What a registry asks for, for some hours."""

    user: str
    password: str = field(repr=False)


def login(aws: Aws) -> Login:
    """A login to the account's own registry."""
    with named("ecr:GetAuthorizationToken"):
        answer = aws.client("ecr").get_authorization_token()["authorizationData"][0]
    user, password = base64.b64decode(answer["authorizationToken"]).decode().split(":", 1)
    return Login(user, password)


def push(known: Login, reference: str, progress: Callable[[str], None]) -> None:
    """Push an image that was built.

    Raises:
        ImageError: Docker could not.
    """
    registry = reference.split("/", 1)[0]
    words = ["login", "--username", known.user, "--password-stdin", registry]
    _docker(words, progress, stdin=known.password)
    try:
        _docker(["push", "--quiet", reference], progress)
    finally:
        _docker(["logout", registry], progress)


def _docker(words: list[str], progress: Callable[[str], None], stdin: str | None = None) -> None:
    program = shutil.which("docker")
    if program is None:
        raise ImageError("Docker was not found: build elsewhere, then --skip-image --image ...")
    last: list[str] = []
    with subprocess.Popen(  # noqa: S603 - Docker, with words of our own
        [program, *words],
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
