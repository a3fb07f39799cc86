"""The fork server of workers: it imports what is slow once, and each fork of it becomes a worker.

It reads requests from its standard input, a Unix socket, until that is closed. A request is a
packet: the environment of a worker as JSON, with two file descriptors, for reports and for the
worker's output. A fork reports `pid NUMBER`, and the server `status NUMBER` once it has ended: the
exit status, or a signal's number as a negative one. The other end is
`ecs_fleet_emulator/processes/fork_server.py`.

Forking is safe here: the server itself calls nothing of torch, so that neither OpenMP's threads nor
CUDA's context exist before the fork, and OpenBLAS, whose threads do, ends them for it
(https://docs.pytorch.org/docs/stable/notes/multiprocessing.html). A fork that finds a module edited
since it was imported starts the worker anew.
"""

import gc
import json
import os
import selectors
import signal
import socket
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from emulation.rig.host import worker_process

SLOW = (
    "discord_diffusion.worker.pipeline.generator",
    "discord_diffusion.worker.dependencies",
    "discord_diffusion.worker.worker",
)
"""What the worker imports to load its model and to connect, which takes most of its start."""
WORKER = "discord_diffusion.worker"
_NVML_CHECK = {"PYTORCH_NVML_BASED_CUDA_CHECK": "1"}
"""Looking for a GPU while importing would otherwise begin a context of CUDA, which no fork can use.
https://docs.pytorch.org/docs/stable/cuda_environment_variables.html"""
_MOST_BYTES = 1 << 20
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Serve until the socket is closed; in a fork, become a worker."""
    os.environ.update(_NVML_CHECK)
    # What cannot be imported fails in the worker, whose log then says why.
    with suppress(Exception):
        for module in SLOW:
            import_module(module)
    imported = _sources()
    # Garbage collections of a fork would otherwise write to all pages, and so copy them.
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=os.dup(0)) as requests:
        variables = _Server(requests).serve()
    if variables is None:
        return
    if _sources() != imported:  # edited since
        words = [sys.executable, "-m", worker_process.__name__, WORKER]
        os.execve(sys.executable, words, variables)  # noqa: S606
    os.environ.clear()
    os.environ.update(variables)
    worker_process.run(WORKER)


def _sources() -> dict[str, int]:
    """The files of our own modules that are imported, and when each was changed; 0: it is gone."""
    packages = {module.partition(".")[0] for module in SLOW}
    files = {
        str(module.__file__)
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] in packages and getattr(module, "__file__", None)
    }
    return {file: Path(file).stat().st_mtime_ns if Path(file).exists() else 0 for file in files}


class _Server:
    """Forks for each request, and reports the ends of the forks."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._selector = selectors.DefaultSelector()
        self._selector.register(requests, selectors.EVENT_READ)
        self._reports: dict[int, int] = {}

    def serve(self) -> dict[str, str] | None:
        """Return the environment in a fork; None in the server, when no request can come."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is not self._requests:
                    self._report_end(key.fd, key.data)
                    continue
                request, given, _, _ = socket.recv_fds(self._requests, _MOST_BYTES, 2)
                if not request:
                    return None
                if self._is_fork(*given):
                    return dict(json.loads(request))

    def _is_fork(self, report: int, output: int) -> bool:
        """Fork; True in the fork, whose output goes where the request says."""
        server = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._selector.close()
            _detach(server, report, output)
            for descriptor in (report, output, *self._reports.values(), *self._reports):
                os.close(descriptor)
            return True
        os.close(output)
        ended = os.pidfd_open(pid)
        self._reports[ended] = report
        self._selector.register(ended, selectors.EVENT_READ, pid)
        return False

    def _report_end(self, ended: int, pid: int) -> None:
        _, status = os.waitpid(pid, 0)
        self._selector.unregister(ended)
        report = self._reports.pop(ended)
        with suppress(BrokenPipeError):  # nobody waits for it any more
            os.write(report, b"status %d\n" % os.waitstatus_to_exitcode(status))
        os.close(report)
        os.close(ended)


def _detach(server: int, report: int, output: int) -> None:
    """Make a fork what a process is that was started: leader of a group, with output of its own.

    It ends with the server.
    """
    import ctypes

    os.setsid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server:
        os.kill(os.getpid(), signal.SIGKILL)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.write(report, b"pid %d\n" % os.getpid())


if __name__ == "__main__":
    main()
