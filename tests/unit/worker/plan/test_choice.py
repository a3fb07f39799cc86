"""Which way of loading a model is chosen on which machine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.worker.plan import sources
from discord_diffusion.worker.plan.choice import choose, smallest_instance
from discord_diffusion.worker.plan.errors import DoesNotFitError
from discord_diffusion.worker.plan.machines import GIB, GPUS, INSTANCES, Machine, with_gpu
from discord_diffusion.worker.plan.weights import Network, Weights

SD15 = sources.find("stable-diffusion-v1-5/stable-diffusion-v1-5", network=False)
SDXL = sources.find("stabilityai/stable-diffusion-xl-base-1.0", network=False)
SD35 = sources.find("stabilityai/stable-diffusion-3.5-medium", network=False)
FLUX = sources.find("black-forest-labs/FLUX.1-schnell", network=False)
QWEN = sources.find("Qwen/Qwen-Image", network=False)


@pytest.mark.parametrize(
    ("weights", "instance", "expected"),
    [
        (SD15, "g4dn.xlarge", ("fp16", set(), False, False)),
        (SDXL, "g4dn.xlarge", ("fp16", set(), False, False)),
        (SD35, "g4dn.xlarge", ("fp16", {"text_encoder_2", "text_encoder_3"}, False, False)),
        (FLUX, "g5.xlarge", ("bf16", {"text_encoder_2", "transformer"}, False, True)),
        (FLUX, "g6e.xlarge", ("bf16", set(), False, True)),
        (FLUX, "g6e.2xlarge", ("bf16", set(), False, False)),
        (QWEN, "g6e.xlarge", ("bf16", {"text_encoder", "transformer"}, False, True)),
        (QWEN, "g6e.4xlarge", ("bf16", set(), True, False)),
        (QWEN, "p5.4xlarge", ("bf16", set(), False, False)),
    ],
    ids=lambda value: value.model if isinstance(value, Weights) else None,
)
def test_real_models_are_loaded_in_the_first_way_that_fits(
    weights: Weights, instance: str, expected: tuple[str, set[str], bool, bool]
) -> None:
    plan = choose(weights, INSTANCES[instance])
    assert (plan.precision, set(plan.quantized), plan.offload, plan.straight) == expected


def test_full_precision_is_kept_where_it_fits_and_halved_where_not() -> None:
    assert choose(SD15, INSTANCES["g4dn.xlarge"], "fp32").precision == "fp32"
    assert choose(SDXL, INSTANCES["g4dn.xlarge"], "fp32").precision == "fp16"
    assert choose(SDXL, INSTANCES["g5.xlarge"], "fp32").precision == "fp32"


def test_a_network_waits_in_host_memory_where_that_is_large_enough() -> None:
    encoders = [Network(f"text_encoder_{number}", 200_000_000) for number in range(30)]
    weights = Weights("many", (Network("unet", 5_000_000_000), *encoders))
    assert choose(weights, INSTANCES["g4dn.2xlarge"]).offload
    with pytest.raises(DoesNotFitError, match=r"g4dn\.2xlarge is the smallest"):
        choose(weights, INSTANCES["g4dn.xlarge"])


def test_a_refusal_names_what_is_missing_and_the_smallest_type_that_would_do() -> None:
    with pytest.raises(DoesNotFitError) as raised:
        choose(FLUX, INSTANCES["g4dn.xlarge"])
    text = str(raised.value)
    assert "FLUX.1-schnell does not fit into g4dn.xlarge (T4, 15.0 GiB; host 16 GiB)" in text
    assert "g6.xlarge is the smallest that would do" in text


def test_a_model_that_fits_nowhere_is_refused_without_advice_to_buy() -> None:
    with pytest.raises(DoesNotFitError, match="no type would do"):
        choose(Weights("huge", (Network("transformer", 10**12),)), INSTANCES["p5.4xlarge"])


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["transformer", "text_encoder", "vae"]), st.integers(1, 30 * 10**9)
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(sorted(INSTANCES)),
)
def test_a_plan_never_takes_more_than_there_is(parts: list[tuple[str, int]], name: str) -> None:
    weights = Weights("any", tuple(Network(*part) for part in parts))
    machine = INSTANCES[name]
    try:
        plan = choose(weights, machine)
    except DoesNotFitError:
        smallest = smallest_instance(weights)
        assert smallest is None or smallest.name != name
        return
    assert plan.gpu_bytes <= machine.gpu.memory
    assert plan.host_bytes <= machine.host_memory
    more = Machine("more", machine.gpu, machine.host_memory + 64 * GIB)
    assert choose(weights, more)


def test_a_gpu_by_name_comes_with_the_host_memory_of_its_smallest_type() -> None:
    assert with_gpu("t4").host_memory == 16 * GIB
    assert with_gpu("L40S").host_memory == 32 * GIB
    assert with_gpu("T4", 64 * GIB).host_memory == 64 * GIB
    with pytest.raises(ValueError, match="T4, A10G, L4, L40S, H100 are"):
        with_gpu("RTX")


def test_every_type_that_the_fleet_may_have_is_known_and_no_other() -> None:
    import re
    from pathlib import Path

    import infra

    text = (Path(infra.__file__).parent / "variables_fleet.tf").read_text()
    [pattern] = re.findall(r'regex\("(\^\(g4dn.*?)", type\)', text)
    allowed = re.compile(pattern.replace("\\\\", "\\"))
    assert all(allowed.fullmatch(name) for name in INSTANCES)
    sizes = ("xlarge", *(f"{number}xlarge" for number in (2, 4, 8, 12, 16, 24, 48)))
    families = ("g4dn", "g5", "g6", "g6e", "gr6", "p4d", "p5")
    types = {f"{family}.{size}" for family in families for size in sizes}
    assert {name for name in types if allowed.fullmatch(name)} == set(INSTANCES)
    assert {machine.gpu for machine in INSTANCES.values()} == set(GPUS)
