"""`python -m emulation up|down|status|logs`: start a stack, stop it, and see what it does."""

import re
import sys
from collections.abc import Collection
from dataclasses import asdict, replace
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from emulation.rig import logs as stack_logs
from emulation.rig import report
from emulation.rig import status as stack_status
from emulation.rig.cli.live import Discord, DiscordMode, Guild, bot_token, needed_bot_token
from emulation.rig.cli.shared import (
    LAYOUT,
    AsJson,
    AwsPort,
    DiscordPort,
    EmulatorName,
    StateDir,
    print_json,
    running_stack,
)
from emulation.rig.docker import stack as containers
from emulation.rig.errors import RestartNeededError, RigError
from emulation.rig.host import debugging, health, module, update
from emulation.rig.host import stack as host
from emulation.rig.live.connection import Connection
from emulation.rig.model_check import check_model, check_size
from emulation.rig.options import Emulator, FleetOptions, ModelOptions, StackOptions
from emulation.rig.state import StackState, StateFolder, exclusive
from toolchain.display import Display


class Runtime(StrEnum):
    """The target of a stack: what its parts run as."""

    HOST = "host"
    DOCKER = "docker"


class Iam(StrEnum):
    """Whether the emulator applies the policies of the deployment's roles."""

    OFF = "off"
    ENFORCE = "enforce"


MinimumTasks = Annotated[
    int,
    typer.Option(
        min=0, max=16, envvar="RIG_MIN_TASKS", help="Workers that always run; 0: it can sleep."
    ),
]
MaximumTasks = Annotated[
    int, typer.Option(min=0, max=16, envvar="RIG_MAX_TASKS", help="Workers at most; 0: none.")
]
Speed = Annotated[
    float,
    typer.Option(min=1, envvar="RIG_SPEED", help="How much faster instances start than on AWS."),
]
Target = Annotated[
    Runtime,
    typer.Option(envvar="RIG_RUNTIME", help="Processes on this machine, or Docker's containers."),
]
Watch = Annotated[
    bool,
    typer.Option("--watch", envvar="RIG_WATCH", help="Reload handlers when their code changes."),
]
Model = Annotated[
    str | None,
    typer.Option(
        envvar="RIG_MODEL",
        help="Folder or hub id of a diffusers model (default: the embedded one).",
    ),
]
Size = Annotated[
    int, typer.Option(min=64, envvar="RIG_SIZE", help="Side of a picture in pixels, with --model.")
]
IamMode = Annotated[
    Iam,
    typer.Option(envvar="RIG_IAM", help="enforce: deny what the roles' policies do not allow."),
]
Debug = Annotated[
    str,
    typer.Option(
        envvar="RIG_DEBUG",
        help="Programs that a debugger attaches to: interactions, worker, backlog, waiting or"
        " dead_letters, with commas between them (with --watch); off ends it.",
    ),
]
Fresh = Annotated[
    bool,
    typer.Option(
        "--fresh", envvar="RIG_FRESH", help="Apply the module, and don't restore a snapshot of it."
    ),
]
_GIVEN = ("COMMANDLINE", "ENVIRONMENT")
"""Where an option comes from that a person gave."""
_DEFAULTS = StackOptions()
_out = Console()


def up(
    aws_port: AwsPort = _DEFAULTS.aws_port,
    discord_port: DiscordPort = _DEFAULTS.discord_port,
    minimum_tasks: MinimumTasks = _DEFAULTS.fleet.minimum_tasks,
    maximum_tasks: MaximumTasks = _DEFAULTS.fleet.maximum_tasks,
    speed: Speed = _DEFAULTS.fleet.speed,
    watch: Watch = False,
    debug: Debug = "",
    model: Model = None,
    size: Size = 512,
    iam: IamMode = Iam.OFF,
    runtime: Target = Runtime.HOST,
    discord: DiscordMode = Discord.STAND_IN,
    guild: Guild = None,
    emulator: EmulatorName = None,
    fresh: Fresh = False,
    state_dir: StateDir = None,
    as_json: AsJson = False,
    *,
    context: typer.Context,
) -> None:
    """Start the stack. One that runs gets the code of now, and the options that are given."""
    if maximum_tasks and minimum_tasks > maximum_tasks:
        raise RigError(f"minimum-tasks is {minimum_tasks}, above maximum-tasks: {maximum_tasks}")
    is_live = discord is Discord.LIVE
    if is_live and runtime is not Runtime.HOST:
        raise RigError("A real Discord server is served with RUNTIME=host alone.")
    if emulator is Emulator.LOCALEMU and runtime is not Runtime.HOST:
        raise RigError(f"EMULATOR={emulator} goes with RUNTIME=host alone.")
    sources = {name: context.get_parameter_source(name) for name in context.params}
    given = {name for name, source in sources.items() if source and source.name in _GIVEN}
    _check_model(model, size if "size" in given else None, runtime)
    debugged = tuple(re.findall(r"[^\s,]+", debug.removeprefix("off")))
    debugging.check(debugged)
    options = StackOptions(
        aws_port=aws_port,
        discord_port=discord_port,
        fleet=FleetOptions(minimum_tasks, maximum_tasks, speed),
        # Only then do functions run from files that an editor has.
        watch=watch or bool(debugged),
        debug=debugged,
        fresh=fresh,
        model=ModelOptions(model, width=size, height=size) if model else None,
        enforces_iam=iam is Iam.ENFORCE,
        emulator=(emulator or Emulator.LOCALSTACK).value,
        discord=discord,
        guild=guild or None,
        bot_token=needed_bot_token() if is_live else bot_token(),
    )
    folder = StateFolder.chosen(LAYOUT.root, state_dir)
    if debugged:
        given.add("watch")
    if "iam" in given:
        given.add("enforces_iam")
    try:
        state = start_stack(options, folder, runtime, given)
    except RestartNeededError as error:
        if as_json or not sys.stdin.isatty():
            raise
        _out.print(str(error), highlight=False, soft_wrap=True)
        typer.confirm("Stop it now, and start it again?", abort=True)
        host.stop(folder)
        state = start_stack(options, folder, runtime)
    if as_json:
        print_json(state.as_json())
    else:
        report.addresses(_out, state)


def _check_model(model: str | None, size: int | None, runtime: Runtime) -> None:
    """Return if there may be such a model, and it may draw that size, if one is given.

    Raises:
        RigError: the text says what is wrong, before anything is started.
    """
    if size is not None:
        if not model:
            raise RigError("SIZE= goes with MODEL=: the embedded model has a size of its own.")
        check_size(size)
    # A container sees folders of its image.
    if model and runtime is Runtime.HOST:
        check_model(model)


def down(state_dir: StateDir = None, as_json: AsJson = False) -> None:
    """Stop the stack and remove its state; logs and caches stay."""
    folder = StateFolder.chosen(LAYOUT.root, state_dir)
    with exclusive(LAYOUT.cache, folder):
        known = folder.load()
        in_containers = (
            known.target == containers.TARGET
            if known
            else containers.has_containers(LAYOUT, folder)
        )
        if in_containers:
            stopped = containers.stop(LAYOUT, folder)
        else:
            stopped = host.stop(folder) is not None
    if as_json:
        print_json({"stopped": stopped})
    else:
        _out.print("The stack is down." if stopped else "No stack was running.")


def register(state_dir: StateDir = None) -> None:
    """Register the commands with the running stack's Discord if they have changed."""
    folder = StateFolder.chosen(LAYOUT.root, state_dir)
    with exclusive(LAYOUT.cache, folder), Display() as display:
        running = running_stack(state_dir)
        registered = update.register(running, display, bot_token())
        folder.save(registered)
    if registered == running:
        _out.print("The commands are registered as they are.")


def snapshot(state_dir: StateDir = None) -> None:
    """Save the state of the running stack's emulator; the next start with its options restores it.

    Messages of the stand-in are no part of it.
    """
    folder = StateFolder.chosen(LAYOUT.root, state_dir)
    with exclusive(LAYOUT.cache, folder), Display() as display:
        state = running_stack(state_dir)
        if state.target != Runtime.HOST:
            raise RigError("Snapshots are of stacks with RUNTIME=host only.")
        display.run("snapshot: save", lambda: module.save_snapshot(LAYOUT, folder, state))


def status(state_dir: StateDir = None, as_json: AsJson = False) -> None:
    """Show processes, addresses, the depth of the queue, and the fleet."""
    state = running_stack(state_dir)
    in_containers = state.target == containers.TARGET
    processes = containers.parts(state) if in_containers else health.of_processes(state)
    queues = stack_status.queue_depths(state)
    folder = StateFolder.chosen(LAYOUT.root, state_dir)
    fleet = stack_status.fleet_status(state, None if in_containers else folder.logs)
    connection = Connection.load(folder.connection) if state.live else None
    if as_json:
        print_json(
            {
                "ready": state.ready,
                "processes": [asdict(process) for process in processes],
                "queues": asdict(queues),
                "fleet": asdict(fleet) if fleet else None,
                "connection": asdict(connection) if connection else None,
                "stack": state.as_json(),
            }
        )
    else:
        report.status(_out, processes, queues)
        if state.live and connection:
            report.connection(_out, state.live, connection)
        report.fleet_status(_out, fleet)
        report.addresses(_out, state)
    if not all(process.alive for process in processes):
        raise typer.Exit(1)


def logs(
    name: Annotated[
        str | None,
        typer.Argument(
            envvar="RIG_NAME",
            help="emulator, discord, telemetry, connector, worker, one task's (worker-1f2e3d4c),"
            " functions, or one function's (backlog)",
        ),
    ] = None,
    lines: Annotated[int, typer.Option(min=1, help="How many of the last lines.")] = 40,
    follow: Annotated[
        bool, typer.Option("--follow", envvar="RIG_FOLLOW", help="Go on as lines come.")
    ] = False,
    state_dir: StateDir = None,
) -> None:
    """Show the logs of the stack's processes, of its tasks and of its functions."""
    folder = StateFolder.chosen(LAYOUT.root, state_dir)
    known = folder.load()
    functions = known.function_names if known else {}
    if name == stack_logs.ALL_FUNCTIONS or name in functions:
        wanted = list(functions) if name == stack_logs.ALL_FUNCTIONS else [name]
        running = running_stack(state_dir)
        sources: dict[str, stack_logs.Log] = {
            one: stack_logs.FunctionLog(running, one) for one in wanted
        }
    elif known and known.target == containers.TARGET:
        raise typer.Exit(containers.show_logs(known, name, lines, follow=follow))
    else:
        files = stack_logs.named_files(folder.logs, name)
        sources = {path.stem: stack_logs.FileLog(path) for path in files}
    stack_logs.show(_out, sources, lines, follow=follow)


def start_stack(
    options: StackOptions,
    folder: StateFolder,
    runtime: Runtime = Runtime.HOST,
    given: Collection[str] = (),
) -> StackState:
    """Start a stack, or find the running one, which keeps its options but for those in `given`.

    Raises:
        RestartNeededError: the running stack can't take an option that was given.
        RigError: a stack of another target runs in the folder.
    """
    known = folder.load()
    if known and known.target != runtime:
        raise RigError(
            f"A stack of target {known.target} runs here, and {runtime} was asked for."
            " Stop it first: make local-down"
        )
    is_running = bool(
        known and known.target == host.TARGET and known.ready and health.all_alive(known)
    )
    if known and is_running:
        options = options.keeping(known.options, given)
    with Display() as display:
        if runtime is Runtime.DOCKER:
            with exclusive(LAYOUT.cache, folder):
                return containers.start(LAYOUT, folder, options, display)
        # A debugger would have to attach before the stack's first events are answered.
        undisturbed = replace(options, debug=()) if not is_running else options
        state, already_running = host.start(LAYOUT, folder, undisturbed, display)
        if options.debug and not is_running:
            state, _ = host.start(LAYOUT, folder, options, display)
    if already_running:
        sys.stderr.write("The stack is already running; its code and options are those of now.\n")
    return state
