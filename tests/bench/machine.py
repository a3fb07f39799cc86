"""The machine that figures were measured on."""

import os
import platform
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    """Properties that decide whether figures can be compared."""

    processor: str
    cores: int
    system: str
    python: str

    @classmethod
    def current(cls) -> "Machine":
        """The machine that this process runs on."""
        return cls(
            processor=_processor(),
            cores=os.cpu_count() or 1,
            system=f"{platform.system()} {platform.machine()}",
            python=platform.python_version(),
        )

    def as_json(self) -> dict[str, object]:
        """The machine as the result file holds it."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.cores} cores of {self.processor}, {self.system}, Python {self.python}"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or "unknown processor"
