"""Whether the fleet's GPUs hold the deployment's models, by the worker's own memory plan."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from discord_diffusion.jobs.additions import for_model
from discord_diffusion.jobs.loras import parse as parse_loras
from discord_diffusion.jobs.models import TokenInAddressError, checked_source
from discord_diffusion.worker.plan import sources
from discord_diffusion.worker.plan.choice import choose
from discord_diffusion.worker.plan.errors import (
    DoesNotFitError,
    UnknownWeightsError,
    UnusableFileError,
)
from discord_diffusion.worker.plan.machines import INSTANCES
from discord_diffusion.worker.plan.weights import Weights
from infra.deploy.finding import Finding, bad, good, warning
from infra.deploy.variables import Deployment

_ADDRESSES = ("model", "vae", "lora", "embedding", "file")
"""Fields of models, LoRAs and embeddings that may be addresses."""


def models(worker: Mapping[str, Any], deployment: Deployment, root: Path) -> Iterator[Finding]:
    """A finding for each model of the variable `worker`; the default one must fit everywhere.

    Folders and files are below `root`, as for the worker's image.
    """
    if found := list(_with_tokens(worker)):
        yield from found  # nothing is asked with them
        return
    for name, model in _described(worker).items():
        yield _check(name, model, worker, deployment, root)


def _with_tokens(worker: Mapping[str, Any]) -> Iterator[Finding]:
    """A finding for each address that may hold a token: no worker starts with one."""
    kinds = {"model": _described(worker)}
    kinds |= {kind: worker.get(f"{kind}s") or {} for kind in ("lora", "embedding")}
    for kind, described in kinds.items():
        for name, fields in described.items():
            try:
                for field in _ADDRESSES:
                    checked_source(fields.get(field) or "")
            except TokenInAddressError as error:
                to_do = "Every worker would refuse to start, and images and state would keep it."
                yield bad(f"{kind} {name}" if name else kind, str(error), to_do)


def quantizes(worker: Mapping[str, Any], deployment: Deployment, root: Path) -> bool:
    """Whether a model is kept in 8 bits on a type of the fleet, or nobody says that it is not."""
    known = [name for name in deployment.instance_types if name in INSTANCES]
    for title, model in _described(worker).items():
        try:
            weights = _weights(title, model, worker, root)
            precision = _precision(model, worker)
        except (UnknownWeightsError, UnusableFileError):
            return True
        for name in known:
            try:
                if choose(weights, INSTANCES[name], precision).quantized:
                    return True
            except DoesNotFitError:
                continue  # said before; such an instance draws nothing in any case
    return False


def _described(worker: Mapping[str, Any]) -> dict[str | None, Mapping[str, Any]]:
    """The models by name; None is the name of the default one."""
    default = {
        "model": worker["model"],
        "revision": worker.get("model_revision"),
        "variant": worker.get("model_variant"),
        "vae": worker.get("model_vae"),
        "lora": worker.get("model_lora"),
    }
    return {None: default, **(worker.get("models") or {})}


def _weights(
    name: str | None, model: Mapping[str, Any], worker: Mapping[str, Any], root: Path
) -> Weights:
    local = root / model["model"]
    source = str(local) if local.exists() else model["model"]
    try:
        loras = for_model(parse_loras(json.dumps(worker.get("loras") or {})), name)
    except ValueError:
        loras = {}  # Terraform's plan says what is wrong with them
    return sources.find(source, model.get("revision"), model.get("variant"), added=loras)


def _precision(model: Mapping[str, Any], worker: Mapping[str, Any]) -> str:
    return str(model.get("precision") or worker.get("precision") or "auto")


def _check(
    name: str | None,
    model: Mapping[str, Any],
    worker: Mapping[str, Any],
    deployment: Deployment,
    root: Path,
) -> Finding:
    title, needed = f"model {name}" if name else "model", name is None
    try:
        weights = _weights(name, model, worker, root)
    except UnknownWeightsError as error:
        to_do = "Try it yourself: nothing says whether it fits into the fleet's GPUs."
        return warning(title, str(error), to_do)
    except UnusableFileError as error:
        to_do = "Name a pipeline's folder or hub id, or a file of a whole model (docs/models.md)."
        return bad(title, str(error), to_do) if needed else warning(title, str(error), to_do)
    precision = _precision(model, worker)
    known = [name for name in deployment.instance_types if name in INSTANCES]
    plans, refusals = _plans(weights, known, precision)
    if not refusals:
        found = "; ".join(plans) or "no type of the fleet is known"
        return good(title, f"{weights.model}: {found}")
    to_do = (
        "Take types that hold it (fleet.instance_types), or a smaller model (worker.model): a "
        "worker would be started, paid for, and end with status 3."
    )
    text = "; ".join(refusals)
    return bad(title, text, to_do) if needed else warning(title, text, to_do)


def _plans(weights: Weights, types: list[str], precision: str) -> tuple[list[str], list[str]]:
    """What is said of the types into which the model fits, and of the others."""
    plans, refusals = [], []
    for name in types:
        try:
            plans.append(f"{name}: {choose(weights, INSTANCES[name], precision)}")
        except DoesNotFitError as error:
            refusals.append(str(error))
    return plans, refusals
