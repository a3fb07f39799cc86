"""Schedulers by the names of their classes in diffusers."""

from typing import Any

import diffusers
from diffusers import SchedulerMixin

from discord_diffusion.worker.errors import ModelLoadError, UnsupportedJobError

_NOT_BY_SEED = frozenset({"DPMSolverSDEScheduler", "CosineDPMSolverMultistepScheduler"})
"""They draw the noise of all pictures of a batch from one source, which no picture's seed sets."""


def chosen_by_operator(name: str, config: Any) -> Any:
    """Any scheduler of diffusers, for a setting; `ModelLoadError` says what is allowed."""
    kind: Any = getattr(diffusers, name, None)
    if not _is_scheduler(kind):
        raise ModelLoadError(
            f"SCHEDULER={name!r} is no scheduler of diffusers {diffusers.__version__}; "
            "allowed: a class name such as DPMSolverMultistepScheduler"
        )
    return kind.from_config(config)


def choices(own: Any) -> dict[str, Any]:
    """What a job may name instead of the model's own scheduler: what diffusers calls compatible."""
    # A class that lacks a library it needs stands there as a dummy, which is no scheduler.
    kinds = [type(own), *(kind for kind in own.compatibles if _is_scheduler(kind))]
    return {kind.__name__: kind for kind in kinds if kind.__name__ not in _NOT_BY_SEED}


def for_job(name: str | None, own: Any) -> Any:
    """A scheduler in its first state; `UnsupportedJobError` names what is allowed."""
    if name is None or name == type(own).__name__:
        return type(own).from_config(own.config)
    kinds = choices(own)
    if name not in kinds:
        raise UnsupportedJobError(f"{name} does not suit this model; {', '.join(sorted(kinds))} do")
    return kinds[name].from_config(own.config)


def _is_scheduler(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, SchedulerMixin)
