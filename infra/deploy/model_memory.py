"""Whether the fleet's GPUs hold the deployment's models, by the worker's own memory plan."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from discord_diffusion.worker.plan import sources
from discord_diffusion.worker.plan.choice import choose
from discord_diffusion.worker.plan.errors import DoesNotFitError, UnknownWeightsError
from discord_diffusion.worker.plan.machines import INSTANCES
from discord_diffusion.worker.plan.weights import Weights
from infra.deploy.finding import Finding, bad, good, warning
from infra.deploy.variables import Deployment


def models(worker: Mapping[str, Any], deployment: Deployment, root: Path) -> Iterator[Finding]:
    """A finding for each model of the variable `worker`; the default one must fit everywhere.

    Folders are below `root`, as for the worker's image.
    """
    default = {"model": worker["model"], "revision": worker.get("model_revision")}
    default |= {"variant": worker.get("model_variant")}
    yield _check("model", default, worker, deployment, root, needed=True)
    for name, model in (worker.get("models") or {}).items():
        yield _check(f"model {name}", model, worker, deployment, root, needed=False)


def _check(
    title: str,
    model: Mapping[str, Any],
    worker: Mapping[str, Any],
    deployment: Deployment,
    root: Path,
    *,
    needed: bool,
) -> Finding:
    folder = root / model["model"]
    source = str(folder) if folder.is_dir() else model["model"]
    try:
        weights = sources.find(source, model.get("revision"), model.get("variant"))
    except UnknownWeightsError as error:
        to_do = "Try it yourself: nothing says whether it fits into the fleet's GPUs."
        return warning(title, str(error), to_do)
    precision = model.get("precision") or worker.get("precision") or "auto"
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
