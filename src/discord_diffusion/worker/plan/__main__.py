"""Prints how a model would be loaded: `python -m discord_diffusion.worker.plan MODEL --gpu T4`.

Exit status: 0 it fits, 1 it does not, 2 the arguments are wrong or nobody says how large it is.
"""

import argparse
import sys
from collections.abc import Sequence

from discord_diffusion.jobs.loras import LoraSpec
from discord_diffusion.jobs.models import PRECISIONS, checked_source
from discord_diffusion.worker.plan import sources
from discord_diffusion.worker.plan.choice import choose
from discord_diffusion.worker.plan.errors import (
    DoesNotFitError,
    UnknownWeightsError,
    UnusableFileError,
)
from discord_diffusion.worker.plan.machines import GIB, INSTANCES, Machine, with_gpu


def main(words: Sequence[str] | None = None) -> int:
    """Print the plan, or why there is none; returns the exit status."""
    parser = argparse.ArgumentParser(prog="plan", description=__doc__)
    parser.add_argument("model", help="folder or hub id of a pipeline, or a checkpoint in one file")
    machine = parser.add_mutually_exclusive_group(required=True)
    machine.add_argument("--gpu", help="T4, A10G, L4, L40S or H100")
    machine.add_argument("--instance", choices=sorted(INSTANCES), metavar="TYPE")
    parser.add_argument("--host-gib", type=float, help="host memory beside --gpu, in GiB")
    parser.add_argument(
        "--lora", action="append", default=[], help="file, folder or hub id; as often as there are"
    )
    parser.add_argument("--revision")
    parser.add_argument("--variant")
    parser.add_argument("--precision", choices=PRECISIONS, default="auto")
    parser.add_argument("--offline", action="store_true", help="do not ask the hub")
    asked = parser.parse_args(words)
    try:
        target = _machine(asked)
        weights = sources.find(
            asked.model,
            asked.revision,
            asked.variant,
            network=not asked.offline,
            added={source: LoraSpec(checked_source(source)) for source in asked.lora},
        )
    except (ValueError, UnknownWeightsError, UnusableFileError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"{weights}\n")
    try:
        plan = choose(weights, target, asked.precision)
    except DoesNotFitError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    sys.stdout.write(f"On {target.name} it is loaded {plan}.\n")
    if missing := plan.missing_library():
        sys.stdout.write(f"Here it could not be: {missing}.\n")
    return 0


def _machine(asked: argparse.Namespace) -> Machine:
    if asked.instance:
        return INSTANCES[asked.instance]
    return with_gpu(asked.gpu, int(asked.host_gib * GIB) if asked.host_gib else None)


if __name__ == "__main__":
    sys.exit(main())
