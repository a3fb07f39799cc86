"""The GPUs and the host memory of the instance types that a fleet may have.

Host memory, GPUs and their memory: https://docs.aws.amazon.com/ec2/latest/instancetypes/ac.html.
Of the memory of a GPU with GDDR6 its error correction takes a sixteenth, and of an H100's 80 GB
79.6 GiB are shown. Compute capabilities: https://developer.nvidia.com/cuda-gpus.
"""

from dataclasses import dataclass

GIB = 1024**3
_ECC = 15 / 16


@dataclass(frozen=True)
class Gpu:
    """One kind of NVIDIA GPU."""

    name: str
    memory: int
    """Bytes that programs can have."""
    capability: tuple[int, int]
    """NVIDIA's compute capability."""


@dataclass(frozen=True)
class Machine:
    """What a worker runs on."""

    name: str
    gpu: Gpu
    host_memory: int
    """Bytes of the whole machine."""


GPUS = (
    Gpu("T4", int(16 * _ECC * GIB), (7, 5)),
    Gpu("A10G", int(24 * _ECC * GIB), (8, 6)),
    Gpu("L4", int(24 * _ECC * GIB), (8, 9)),
    Gpu("L40S", int(48 * _ECC * GIB), (8, 9)),
    Gpu("H100", int(79.6 * GIB), (9, 0)),
)
_BY_NAME = {gpu.name: gpu for gpu in GPUS}
_FAMILIES = {
    # GPU, and the GiB of host memory by size, from the smallest size to the largest.
    "g4dn": ("T4", {"xlarge": 16, "2xlarge": 32, "4xlarge": 64, "8xlarge": 128, "16xlarge": 256}),
    "g6": ("L4", {"xlarge": 16, "2xlarge": 32, "4xlarge": 64, "8xlarge": 128, "16xlarge": 256}),
    "g5": ("A10G", {"xlarge": 16, "2xlarge": 32, "4xlarge": 64, "8xlarge": 128, "16xlarge": 256}),
    "gr6": ("L4", {"4xlarge": 128, "8xlarge": 256}),
    "g6e": ("L40S", {"xlarge": 32, "2xlarge": 64, "4xlarge": 128, "8xlarge": 256, "16xlarge": 512}),
    "p5": ("H100", {"4xlarge": 256}),
}
INSTANCES = {
    f"{family}.{size}": Machine(f"{family}.{size}", _BY_NAME[gpu], gib * GIB)
    for family, (gpu, sizes) in _FAMILIES.items()
    for size, gib in sizes.items()
}
"""The types with one GPU that `fleet.instance_types` allows, by name."""


def smallest_first() -> list[Machine]:
    """All types: less GPU memory first, then less host memory."""
    return sorted(INSTANCES.values(), key=lambda machine: (machine.gpu.memory, machine.host_memory))


def with_gpu(name: str, host_memory: int | None = None) -> Machine:
    """A machine by the name of its GPU; its host memory is that of the smallest type with it.

    Raises:
        ValueError: naming the GPUs that are known.
    """
    gpu = _BY_NAME.get(name.upper())
    if gpu is None:
        raise ValueError(f"{name!r} is no GPU of a known type; {', '.join(_BY_NAME)} are")
    smallest = next(machine for machine in smallest_first() if machine.gpu is gpu)
    return Machine(f"a machine with {gpu.name}", gpu, host_memory or smallest.host_memory)
