"""The variables that a function's process sees: Lambda's, the function's own, and no others.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
"""

import os
from collections.abc import Mapping
from pathlib import Path

# LocalStack means these for its own container image.
_LOCALSTACKS_OWN = frozenset({"EDGE_PORT", "AWS_LAMBDA_FUNCTION_TIMEOUT"})
_LOCALSTACKS_PREFIX = "LOCALSTACK_"

_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


def variables(
    from_localstack: Mapping[str, object],
    own: Mapping[str, str],
    *,
    runtime: str,
    python: Path,
    task_root: Path,
    layers: list[Path],
    scratch: Path,
    writes_bytecode: bool,
) -> dict[str, str]:
    """The whole environment of a process.

    `from_localstack` holds the reserved variables, the credentials and the emulator's address;
    `own` is what the function was given; `layers` are the folders of its layers; `scratch` is the
    environment's private folder, the process's stand-in for /tmp.
    """
    environment = {
        name: str(value)
        for name, value in from_localstack.items()
        if name not in _LOCALSTACKS_OWN and not name.startswith(_LOCALSTACKS_PREFIX)
    }
    environment |= {
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{runtime}",
        "LAMBDA_TASK_ROOT": str(task_root),
        "LAMBDA_RUNTIME_DIR": str(Path(__file__).parent),
        "LANG": "C.UTF-8",
        "PATH": f"{python.parent}:{_SYSTEM_PATH}",
        # No home, as in Lambda: the AWS profile of whoever started the emulator is not read.
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
    }
    if layers:
        environment["PYTHONPATH"] = os.pathsep.join(str(layer / "python") for layer in layers)
    if not writes_bytecode:
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
    return environment | dict(own)
