"""The options of the command line, each with its environment variable."""

from pathlib import Path
from typing import Annotated

import typer

Region = Annotated[
    str | None, typer.Option(help="AWS region (default: AWS_REGION, else the variable file's).")
]
Environment = Annotated[
    str | None,
    typer.Option(envvar="DEPLOY_ENVIRONMENT", help="Second part of every name, for example prod."),
]
VarFile = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        envvar="DEPLOY_VAR_FILE",
        help="Variables of the Terraform module (default: infra/aws.tfvars if it is there).",
    ),
]
BackendConfig = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        envvar="DEPLOY_BACKEND_CONFIG",
        help="Keep Terraform's state in S3, as this file says (default: a local file).",
    ),
]
StateDir = Annotated[
    Path,
    typer.Option(envvar="DEPLOY_STATE_DIR", help="Folder of what is known of the deployments."),
]
Guild = Annotated[
    str | None,
    typer.Option(
        envvar="DEPLOY_GUILD",
        help="Register the commands in this guild alone, where they appear at once.",
    ),
]
SkipImage = Annotated[
    bool,
    typer.Option(
        "--skip-image", envvar="DEPLOY_SKIP_IMAGE", help="Build no image; name one with --image."
    ),
]
Image = Annotated[
    str | None,
    typer.Option(
        envvar="DEPLOY_IMAGE",
        help="A worker image that exists: with its registry, or a tag in our own.",
    ),
]
EndpointUrl = Annotated[
    str | None,
    typer.Option(
        envvar="DEPLOY_ENDPOINT_URL",
        help="Address for Discord, if not API Gateway's ({host}, {path}, {rest_api_id} are known).",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Ask nothing.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Show everything that would be done, and do none of it.")
]
AllowReplacement = Annotated[
    bool,
    typer.Option(
        "--allow-replacement",
        help="Carry a plan out even if it removes the queue, the table or the API.",
    ),
]
SmokeTest = Annotated[
    bool | None,
    typer.Option(
        "--smoke-test/--no-smoke-test",
        envvar="DEPLOY_SMOKE_TEST",
        help="Start a worker and let it draw a picture (default: after a change of the worker).",
    ),
]
