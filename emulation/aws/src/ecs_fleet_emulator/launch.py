"""The command that starts the emulator, and its whole environment. Standard library only.

Only the variables that any process needs are taken from the caller's environment, so that neither
an AWS profile nor a LocalStack profile changes what the emulator does.
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LOOPBACK = "127.0.0.1"
HEALTH_PATH = "/_localstack/health"

# Read by the plug-in: the interpreters of Lambda runtimes, as a JSON object.
LAMBDA_PYTHONS = "EMULATOR_LAMBDA_PYTHONS"

# Read by the plug-in: how tasks run (tasks/environment.py), and the fleet agent's settings.
TASK_COMMAND = "EMULATOR_TASK_COMMAND"
TASK_PROGRAMS = "EMULATOR_TASK_PROGRAMS"
TASK_FOLDER = "EMULATOR_TASK_FOLDER"
TASK_ENVIRONMENT = "EMULATOR_TASK_ENVIRONMENT"
TASK_LOGS = "EMULATOR_TASK_LOGS"
FLEET = "EMULATOR_FLEET"
FORK_SERVER = "EMULATOR_FORK_SERVER"
FORK_SERVER_AT_START = "EMULATOR_FORK_SERVER_AT_START"
# Read by the plug-in: whether it enforces IAM.
IAM = "EMULATOR_IAM"

# Read by the plug-in: the state that an emulator starts with, and addresses in it, by their names.
SNAPSHOT = "EMULATOR_SNAPSHOT"
ADDRESSES = "EMULATOR_ADDRESSES"

# Read by the plug-in: the file that says how far its time was moved (clock/ of the plug-in).
CLOCK = "EMULATOR_CLOCK"

# Read by the plug-in: the file that says which functions are debugged.
DEBUGGERS = "EMULATOR_DEBUGGERS"

# Names under which the plug-in registers itself with LocalStack (its pyproject.toml).
LAMBDA_EXECUTOR = "process"
GATEWAY_SERVER = "strict"
_OF_MOTO = (
    *("application-autoscaling", "autoscaling", "budgets", "ce", "dynamodb", "ecr", "ecs"),
    "service-quotas",
)
PROVIDERS = {
    **dict.fromkeys(_OF_MOTO, "moto"),
    **dict.fromkeys(("cloudwatch", "ec2", "events", "logs", "sqs", "stepfunctions"), "patched"),
    "fis": "emulator",
}

SERVICES = (
    "apigateway,application-autoscaling,autoscaling,budgets,ce,cloudwatch,dynamodb,ec2,ecr,"
    "ecs,events,fis,iam,kms,lambda,logs,resourcegroupstaggingapi,s3,secretsmanager,"
    "service-quotas,sns,sqs,ssm,stepfunctions,sts"
)
_INHERITED = ("PATH", "LANG", "LC_ALL")

DELAYS = {"reservation": 60, "launch": 40, "register": 40, "pull": 120}
"""Default delays of the fleet agent, in AWS's seconds (simulation/settings.py of the plug-in)."""


@dataclass(frozen=True)
class Tasks:
    """How the tasks of ECS services run, as processes.

    `command` stands for an image's: of containers that name no command of their own. `programs`
    maps the first word of others' commands and of health checks; `python` is this interpreter.
    `environment` wins over the task definition's; {task} in it
    stands for a short id of the task. `logs` is a folder for their output. `fleet` are settings
    of the fleet agent, for example {"speed": 60}. `fork_server` is the command of a process that
    forks the tasks (tasks/forked_tasks.py of the plug-in), from the first task or from the start.
    """

    command: tuple[str, ...] = ()
    programs: Mapping[str, str] = field(default_factory=lambda: {"python": sys.executable})
    folder: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    logs: Path | None = None
    fleet: Mapping[str, Any] = field(default_factory=dict)
    fork_server: tuple[str, ...] = ()
    forks_at_start: bool = False

    def variables(self) -> dict[str, str]:
        """The variables for the emulator's environment."""
        variables = {
            TASK_COMMAND: json.dumps(list(self.command)),
            TASK_PROGRAMS: json.dumps(dict(self.programs)),
            TASK_ENVIRONMENT: json.dumps(dict(self.environment)),
            FLEET: json.dumps(dict(self.fleet)),
            FORK_SERVER: json.dumps(list(self.fork_server)),
            FORK_SERVER_AT_START: "1" if self.forks_at_start else "",
        }
        for name, path in ((TASK_FOLDER, self.folder), (TASK_LOGS, self.logs)):
            if path is not None:
                variables[name] = str(path.absolute())
        return variables


@dataclass(frozen=True)
class EmulatorConfig:
    """The configuration of one emulator.

    `emulator_python` is the interpreter with LocalStack and the plug-in, `lambda_pythons` maps a
    Lambda runtime ("python3.13") to its interpreter; one of Node.js that is not in it runs by the
    `node` on the PATH. All that the emulator writes lies below `state_dir`/emulator. It listens on
    `host`, or on `listen` where clients reach it by another address, as in a container. With
    `enforces_iam` it denies what the account's policies do not allow. It starts with the state in
    the file `snapshot`, if one is given, and with `addresses` in the place of their names in it.
    The file `debuggers`, if there is one, says which functions are debugged (functions/debugging.py
    of the plug-in). `variables` are more settings of LocalStack.
    """

    emulator_python: Path
    lambda_pythons: dict[str, Path]
    port: int
    state_dir: Path
    region: str = "us-east-1"
    services: str = SERVICES
    host: str = LOOPBACK
    listen: str = ""
    tasks: Tasks = field(default_factory=Tasks)
    enforces_iam: bool = False
    snapshot: Path | None = None
    addresses: Mapping[str, str] = field(default_factory=dict)
    debuggers: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        """The URL for AWS's SDKs."""
        return f"http://{self.host}:{self.port}"

    @property
    def health_url(self) -> str:
        """A URL that answers 200 once the emulator serves requests."""
        return self.endpoint + HEALTH_PATH


def command(config: EmulatorConfig) -> tuple[list[str], dict[str, str]]:
    """The command that starts the emulator, and its environment; creates the emulator's folders.

    The process logs to stdout and stderr, serves until SIGTERM or SIGINT, and ends the processes of
    Lambda functions and tasks when it ends.
    """
    root = config.state_dir.absolute() / "emulator"
    temporary = root / "tmp"
    home = root / "home"
    for folder in (temporary, home):
        folder.mkdir(parents=True, exist_ok=True)

    address = f"{config.host}:{config.port}"
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment |= {
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "PYTHONUNBUFFERED": "1",
        "AWS_DEFAULT_REGION": config.region,
        # The address that it listens on, and the one in the URLs that it returns.
        "GATEWAY_LISTEN": f"{config.listen or config.host}:{config.port}",
        "GATEWAY_SERVER": GATEWAY_SERVER,
        **dict.fromkeys(("LOCALSTACK_HOST", "LOCALEMU_HOST"), address),
        "SQS_ENDPOINT_STRATEGY": "off",
        "DNS_ADDRESS": "0",
        # The folders that it writes to.
        **dict.fromkeys(("LOCALSTACK_VOLUME_DIR", "LOCALEMU_VOLUME_DIR"), str(root / "volume")),
        "FILESYSTEM_ROOT": str(root / "root"),
        "CONFIG_DIR": str(home),
        # Its services, and the plug-ins that replace parts of them.
        "SERVICES": config.services,
        **{
            f"PROVIDER_OVERRIDE_{api.upper().replace('-', '_')}": name
            for api, name in PROVIDERS.items()
        },
        "LAMBDA_RUNTIME_EXECUTOR": LAMBDA_EXECUTOR,
        LAMBDA_PYTHONS: json.dumps(
            {runtime: str(python.absolute()) for runtime, python in config.lambda_pythons.items()}
        ),
        **config.tasks.variables(),
        IAM: "enforce" if config.enforces_iam else "",
        **_snapshot_variables(config),
        CLOCK: str(clock_file(config.state_dir)),
        DEBUGGERS: str(config.debuggers.absolute()) if config.debuggers else "",
        # With an arena for each of its hundreds of short threads, glibc keeps what they have freed.
        "MALLOC_ARENA_MAX": "2",
        # Calls between its services stay inside the process.
        "IN_MEMORY_CLIENT": "1",
        # It sends no usage events and fetches no certificate.
        "DISABLE_EVENTS": "1",
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        **config.variables,
    }
    return [str(config.emulator_python.absolute()), "-m", "ecs_fleet_emulator"], environment


def clock_file(state_dir: Path) -> Path:
    """The file from which other processes learn how far the emulator's time was moved."""
    return state_dir.absolute() / "emulator" / "clock"


def _snapshot_variables(config: EmulatorConfig) -> dict[str, str]:
    if config.snapshot is None:
        return {}
    return {
        SNAPSHOT: str(config.snapshot.absolute()),
        ADDRESSES: json.dumps(dict(config.addresses)),
    }
