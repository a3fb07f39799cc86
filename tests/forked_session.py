"""A plugin of pytest that forks the processes of a run from one that has collected the tests.

Each process of pytest-xdist would import and collect everything for itself. Here a template does
that once. In the place of a process, xdist starts `fork_request.py`, which asks the template for a
fork; the fork continues as a process of xdist, with files and temporary folders of its own.

The fork server of a stack's workers, which imports torch for seconds, is a fork of it, too.

Forking is safe: collecting the tests calls nothing of torch, so that OpenMP's threads do not exist
yet (`emulation/rig/host/fork_server.py` says more).
"""

import faulthandler
import os
import selectors
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import execnet
import pytest
from execnet.gateway_base import get_execmodel, init_popen_io, serve
from xdist import remote

from discord_diffusion.worker.shutdown import exit_now
from ecs_fleet_emulator.processes.fork_server import IS_POSSIBLE
from emulation.rig.host import fork_server, parts
from tests import fork_request

_OPTION = "--fork-for"
_READY = b"collected"
_OWN_NAME = __name__.rpartition(".")[2]

_NVML_CHECK = "PYTORCH_NVML_BASED_CUDA_CHECK"
"""An import that looks for a GPU would else begin a context of CUDA, which no fork can use.
https://docs.pytorch.org/docs/stable/cuda_environment_variables.html"""

_channel: "SimpleQueue[execnet.Channel | None]" = SimpleQueue()
"""In a fork: its channel to the process that schedules; None if that has ended before."""
_has_ended = threading.Event()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option of a template: a file descriptor, and where it listens for requests."""
    parser.addoption(_OPTION, nargs=2, metavar=("FD", "PATH"), help="collect, then fork (internal)")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Let a template be a process of xdist, which writes no report and no cache."""
    if given := config.getoption(_OPTION):
        config.workerinput, config.workeroutput = {}, {}  # type: ignore[attr-defined]
        config.pluginmanager.register(_Template(config, int(given[0]), given[1]))


def pytest_xdist_setupnodes(config: pytest.Config, specs: Sequence[execnet.XSpec]) -> None:
    """Start a template, and let xdist start a request for a fork as the Python of each process.

    Where the tests cannot be collected, xdist's own processes find out and say why.
    """
    if not IS_POSSIBLE:
        return
    address = _start_template(config)
    if address is None:
        config.get_terminal_writer().line("The tests cannot be collected once for all processes.")
        return
    for spec in specs:
        spec.python = shlex.join(fork_request.command(address, fork_request.LANE))
    config.pluginmanager.register(_RemoteSource())


def _start_template(config: pytest.Config) -> str | None:
    """Where a template listens that has collected the tests; it ends with this process."""
    folder = tempfile.TemporaryDirectory(prefix="template-", ignore_cleanup_errors=True)
    config.add_cleanup(folder.cleanup)
    control, theirs = socket.socketpair()
    address, descriptor = str(Path(folder.name, "requests")), theirs.fileno()
    words = [*config.invocation_params.args, "-n", "0", _OPTION, str(descriptor), address]
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *map(str, words)],
            cwd=config.invocation_params.dir,
            env={**os.environ, _NVML_CHECK: "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[descriptor],
        )

    def close() -> None:
        control.close()
        process.wait()

    config.add_cleanup(close)
    return address if control.recv(len(_READY)) else None


class _RemoteSource:
    @pytest.hookimpl(tryfirst=True)
    def pytest_xdist_getremotemodule(self) -> str:
        """What a process of xdist executes, with `channel` defined."""
        return f"from tests import {_OWN_NAME}\n{_OWN_NAME}.join(channel)"


def join(channel: execnet.Channel) -> None:
    """Hand the channel to pytest, and keep it open until pytest has ended."""
    _channel.put(channel)
    _has_ended.wait()


class _Template:
    """In the process that collects: forks for each request, until the run ends."""

    def __init__(self, config: pytest.Config, control: int, address: str) -> None:
        self._config, self._address = config, address
        self._control = socket.socket(fileno=control)
        self._reports: list[pytest.CollectReport] = []
        self._warnings: list[dict[str, Any]] = []
        self._is_fork = False

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep what each fork has to report of the collection."""
        self._reports.append(report)

    def pytest_warning_recorded(self, warning_message, when, nodeid, location) -> None:  # type: ignore[no-untyped-def]
        """Keep the warnings, likewise."""
        if not self._is_fork:
            self._warnings.append(
                {
                    "warning_message": warning_message,
                    "when": when,
                    "nodeid": nodeid,
                    "location": location,
                }
            )

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Fork; in a fork, run the tests that xdist sends."""
        request = self._fork_at_requests()
        if request is None:
            # Who made it may have been killed.
            shutil.rmtree(Path(self._address).parent, ignore_errors=True)
            os._exit(0)
        self._is_fork = True
        if request.kind == fork_request.FORK_SERVER:
            self._serve_workers(request.files)
        self._take(request.files)
        channel = _channel.get()
        if channel is None:
            os._exit(1)
        return self._work(session, channel)

    def pytest_unconfigure(self) -> None:
        """Let the channel close."""
        _has_ended.set()

    def _fork_at_requests(self) -> "_Request | None":
        """In a fork, what was requested; None in the template, at the end."""
        if threads := threading.enumerate()[1:]:
            raise pytest.UsageError(f"An import of the tests has started {threads}: see {__name__}")
        interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
        with _Requests(self._control, self._address) as requests:
            self._control.send(_READY)
            request = requests.serve()
        signal.signal(signal.SIGINT, interrupt)
        return request

    def _become(self, files: Sequence[int]) -> None:
        """Have the files of a request as standard input, output and error."""
        self._config.pluginmanager.getplugin("capturemanager").stop_global_capturing()
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)

    def _serve_workers(self, files: Sequence[int]) -> None:
        """Be the fork server of a stack's workers, or a worker of it; ends this process."""
        self._become(files)
        faulthandler.disable()
        status: object = 1
        try:
            fork_server.main()
            status = 0
        except SystemExit as end:
            status = end.code
        except BaseException:  # noqa: BLE001 - as an interpreter ends
            traceback.print_exc()
        exit_now(status if isinstance(status, int) else 0 if status is None else 1)

    def _take(self, files: Sequence[int]) -> None:
        """Take the files of the request, and serve xdist on them in a thread."""
        self._become(files)
        while os.read(0, 1) != b"\n":  # the source of the server, which is imported already
            pass
        os.write(1, b"1")
        files_of_xdist = init_popen_io(get_execmodel("main_thread_only"))

        def run() -> None:
            serve(files_of_xdist, "fork")
            _channel.put(None)

        threading.Thread(target=run, name="xdist").start()
        capture = self._config.pluginmanager.getplugin("capturemanager")
        capture.start_global_capturing()
        capture.suspend_global_capture()

    def _work(self, session: pytest.Session, channel: execnet.Channel) -> bool:
        """What `xdist.remote` does where it has collected the tests itself."""
        os.environ.pop(_NVML_CHECK, None)
        command = fork_request.command(self._address, fork_request.FORK_SERVER)
        parts.FORK_SERVER_COMMAND = tuple(command)
        given, _, options, _ = channel.receive()
        os.environ["PYTEST_XDIST_TESTRUNUID"] = given["testrunuid"]
        os.environ["PYTEST_XDIST_WORKER"] = given["workerid"]
        os.environ["PYTEST_XDIST_WORKER_COUNT"] = str(given["workercount"])
        config = self._config
        config.workerinput.update(given)  # type: ignore[attr-defined]
        remote.setup_config(config, options.get("basetemp"))
        factory = pytest.TempPathFactory.from_config(config, _ispytest=True)
        config._tmp_path_factory = factory  # type: ignore[attr-defined]
        remote.interactor = worker = remote.WorkerInteractor(config, channel)
        worker.pytest_sessionstart(session)
        for report in self._reports:
            worker.pytest_collectreport(report)
        for warning in self._warnings:
            worker.pytest_warning_recorded(**warning)
        worker.pytest_collection_finish(session)
        return worker.pytest_runtestloop(session)


@dataclass(frozen=True)
class _Request:
    """A request for a fork: its kind, and its standard input, output and error."""

    kind: str
    files: Sequence[int]


class _Requests:
    """The requests for forks, and the forks that run."""

    def __init__(self, control: socket.socket, address: str) -> None:
        self._control = control
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(address)
        self._listener.listen()
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._forks: dict[int, tuple[int, socket.socket]] = {}
        """By the file descriptor of a fork: its process id, and the connection of its request."""

    def __enter__(self) -> "_Requests":
        return self

    def __exit__(self, *_: object) -> None:
        """Close all files, above all in a fork."""
        self._selector.close()
        self._listener.close()
        self._control.close()
        for ended, (_, connection) in self._forks.items():
            os.close(ended)
            connection.close()

    def serve(self) -> _Request | None:
        """In a fork, its request; None in the template, when all has ended."""
        is_open = True
        while is_open or self._forks:
            for key, _ in self._selector.select():
                if key.fileobj is self._control:
                    is_open = False
                    self._selector.unregister(self._control)
                elif key.fileobj is self._listener:
                    if (request := self._fork()) is not None:
                        return request
                elif key.fileobj in self._forks:
                    self._release(key.fd)
                elif key.data in self._forks:  # who asked has ended
                    self._selector.unregister(key.fileobj)
                    os.kill(self._forks[key.data][0], signal.SIGKILL)
        return None

    def _fork(self) -> _Request | None:
        connection, _ = self._listener.accept()
        kind, files, _, _ = socket.recv_fds(connection, 16, 3)
        pid = os.fork() if len(files) == 3 else None
        if pid == 0:
            connection.close()
            return _Request(kind.decode(), files)
        for file in files:
            os.close(file)
        if pid is None:
            connection.close()
        else:
            ended = os.pidfd_open(pid)
            self._forks[ended] = pid, connection
            self._selector.register(ended, selectors.EVENT_READ)
            self._selector.register(connection, selectors.EVENT_READ, ended)
        return None

    def _release(self, ended: int) -> None:
        pid, connection = self._forks.pop(ended)
        os.waitpid(pid, 0)
        self._selector.unregister(ended)
        if connection.fileno() in self._selector.get_map():
            self._selector.unregister(connection)
        connection.close()
        os.close(ended)
