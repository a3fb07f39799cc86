"""`python -m MODULE` in a process of its own that does not import libraries: it is a fork.

The imports of boto3, httpx, Typer and others take half a second of processor time, more than most
commands of the project. One process has imported them; a fork of it imports the project's own code.
https://docs.python.org/3/library/multiprocessing.html#contexts-and-start-methods
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

_LIBRARIES = ("boto3", "httpx", "psutil", "pydantic", "pytest", "rich.table", "typer")
"""pytest: multiprocessing imports the main module of the process that starts another one."""
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(list(_LIBRARIES))


def run(
    words: Sequence[str], environment: Mapping[str, str], folder: Path, stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """`python -m WORDS...` in a folder, with a whole environment, to its end."""
    with TemporaryDirectory() as files:
        stdio = [Path(files, name) for name in ("stdin", "stdout", "stderr")]
        stdio[0].write_text(stdin)
        process = _FORKS.Process(target=_become, args=(words, dict(environment), folder, stdio))
        process.start()
        process.join()
        _, stdout, stderr = (path.read_text() for path in stdio)
    assert process.exitcode is not None, "it has ended"
    return subprocess.CompletedProcess([*words], process.exitcode, stdout, stderr)


def _become(
    words: Sequence[str], environment: Mapping[str, str], folder: Path, stdio: Sequence[Path]
) -> None:
    """Run a program in this process, as the interpreter does after its start."""
    flags = (os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_WRONLY | os.O_CREAT)
    for number, (path, flag) in enumerate(zip(stdio, flags, strict=True)):
        os.dup2(os.open(path, flag), number)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - multiprocessing had closed it
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    first = [str(folder), *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
    sys.path[:] = [*first, *(path for path in sys.path if path not in first)]
    sys.argv = list(words)
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)
