"""Decodes a picture file of a user's in a process of its own, within limits of time and memory.

A small file can keep a decoder busy for hours (a progressive JPEG may have any number of scans),
fill the memory, or crash it by a bug. A process can be ended where a thread of the worker can't,
and takes no job of another user with it.

The process reads the file from standard input. It writes a line of JSON, which holds the size of
the picture or the reason why there is none, and then the picture's bytes.
https://libjpeg-turbo.org/pmwiki/uploads/About/TwoIssueswiththeJPEGStandard.pdf
"""

import json
import os
import resource
import signal
import subprocess
import sys

from PIL import Image

from discord_diffusion.worker.errors import (
    SourceDamagedError,
    SourceRefusedError,
    SourceTooLargeError,
)
from discord_diffusion.worker.image_decoding import decode

CPU_SECONDS = 6
"""Processor time for a picture; the largest that is allowed takes 3.5 s on one core of a server."""
SECONDS = 30.0
"""The longest time for a picture, where the processors are busy."""
MEMORY_BYTES = 4 * 1024**3
"""Of addresses; the largest picture takes 2.4 GB."""
_FEW_ADDRESSES = {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
"""So that libraries do not reserve addresses for each thread on a machine with many processors."""
_NICENESS = 10
"""The drawing comes first."""
_REFUSALS = {error.__name__: error for error in SourceRefusedError.__subclasses__()}


def decode_isolated(
    content: bytes, *, cpu_seconds: int = CPU_SECONDS, memory_bytes: int = MEMORY_BYTES
) -> Image.Image:
    """As `image_decoding.decode`, for files of any kind.

    Raises:
        SourceFormatError: it is in no format that is read.
        SourceDamagedError: too little of it can be decoded, or it crashes its decoder.
        SourceTooLargeError: it has too many pixels, or takes more time or memory than is allowed.
    """
    decoder = _run(content, cpu_seconds, memory_bytes)
    if decoder.returncode == -signal.SIGXCPU:
        raise SourceTooLargeError(f"it takes more than {cpu_seconds} s of processor time")
    if decoder.returncode:
        raise SourceDamagedError(f"its decoder ended with status {decoder.returncode}")
    head, _, pixels = decoder.stdout.partition(b"\n")
    answer = json.loads(head)
    if refusal := _REFUSALS.get(answer.get("error", "")):
        raise refusal(answer["reason"])
    return Image.frombytes("RGB", tuple(answer["size"]), pixels)


def _run(
    content: bytes, cpu_seconds: int, memory_bytes: int
) -> "subprocess.CompletedProcess[bytes]":
    paths = os.pathsep.join(filter(None, sys.path))
    try:
        return subprocess.run(  # noqa: S603 - the file comes by standard input
            [sys.executable, "-P", "-m", __name__, str(cpu_seconds), str(memory_bytes)],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            # Nothing of the worker's environment, which leads to its credentials.
            env={"PYTHONPATH": paths, **_FEW_ADDRESSES},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SourceTooLargeError(f"it could not be decoded in {SECONDS:g} s") from None


def main() -> None:
    """Decode standard input to standard output."""
    content = sys.stdin.buffer.read()
    _limit(*map(int, sys.argv[1:]))
    answer: dict[str, object]
    pixels = b""
    try:
        image = decode(content)
        answer, pixels = {"size": image.size}, image.tobytes()
    except SourceRefusedError as error:
        answer = {"error": type(error).__name__, "reason": str(error)}
    except MemoryError:
        answer = {"error": SourceTooLargeError.__name__, "reason": "it needs too much memory"}
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + pixels)


def _limit(cpu_seconds: int, memory_bytes: int) -> None:
    """Limit this process, also for the case that the worker ends before it."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(_NICENESS)


if __name__ == "__main__":
    main()
