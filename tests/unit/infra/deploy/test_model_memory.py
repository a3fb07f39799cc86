"""The preflight says whether the fleet's GPUs hold the deployment's models."""

from pathlib import Path

import pytest

from discord_diffusion.worker.plan import sources
from infra.deploy import image, model_memory
from infra.deploy.finding import Finding, Verdict
from tests.deployments import deployment
from tests.unit.worker.plan.test_weight_counts import write_header

FLUX, SD15 = "black-forest-labs/FLUX.1-schnell", "stable-diffusion-v1-5/stable-diffusion-v1-5"
NOWHERE = Path("never-made")


def check(worker: dict[str, object], *types: str, root: Path = NOWHERE) -> list[Finding]:
    fleet = deployment(instance_types=types)
    return list(model_memory.models(worker, fleet, root))


def test_a_default_model_that_one_type_of_the_fleet_cannot_hold_stops_the_deployment() -> None:
    [finding] = check({"model": FLUX}, "g4dn.xlarge", "g5.xlarge")
    assert finding.verdict is Verdict.BAD
    assert "does not fit into g4dn.xlarge" in finding.found
    assert "g6.xlarge is the smallest that would do" in finding.found
    assert "fleet.instance_types" in finding.to_do


def test_a_model_that_fits_is_shown_with_how_it_is_loaded() -> None:
    [finding] = check({"model": SD15}, "g4dn.xlarge", "g5.xlarge")
    assert finding.verdict is Verdict.GOOD
    assert "g4dn.xlarge: in fp16, whole on the GPU" in finding.found
    assert "g5.xlarge: in bf16, whole on the GPU" in finding.found


@pytest.mark.parametrize(
    ("title", "fields"),
    [
        ("model", {"model_vae": "https://me:hf_secret@h.co/a"}),
        ("model", {"model_lora": "https://h.co/a.safetensors?key=hf_secret"}),
        ("model large", {"models": {"large": {"model": "https://h.co/a?key=hf_secret"}}}),
        ("lora ink", {"loras": {"ink": {"lora": "https://h.co/a?key=hf_secret"}}}),
        ("embedding word", {"embeddings": {"word": {"embedding": "https://u:hf_secret@h.co/a"}}}),
    ],
)
def test_an_address_that_may_hold_a_token_stops_the_deployment_and_is_not_shown(
    title: str, fields: dict[str, object]
) -> None:
    [finding] = check({"model": SD15, **fields}, "g4dn.xlarge")
    assert (finding.name, finding.verdict) == (title, Verdict.BAD)
    assert "HF_TOKEN" in finding.found
    assert "secret" not in repr(finding)


def test_another_model_that_does_not_fit_is_a_warning() -> None:
    default, other = check({"model": SD15, "models": {"large": {"model": FLUX}}}, "g4dn.xlarge")
    assert default.verdict is Verdict.GOOD
    assert (other.name, other.verdict) == ("model large", Verdict.WARNING)


def test_a_folder_below_the_checkout_is_measured(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "own" / "vae"
    folder.mkdir(parents=True)
    (folder / "model.bin").write_bytes(bytes(400))
    [finding] = check({"model": "models/own"}, "g4dn.xlarge", root=tmp_path)
    assert finding.verdict is Verdict.GOOD


def test_a_single_file_is_measured_with_its_loras_and_one_of_another_kind_is_refused(
    tmp_path: Path,
) -> None:
    start = "model.diffusion_model.input_blocks.0.0.weight"
    encoder = "cond_stage_model.transformer.text_model.a"
    write_header(tmp_path / "a.safetensors", {start: [320, 4, 3, 3], encoder: [10**9]})
    write_header(tmp_path / "ink.safetensors", {"unet.lora_A.weight": [12, 10**9]})
    fleet = "g4dn.xlarge"
    [finding] = check({"model": "a.safetensors"}, fleet, root=tmp_path)
    assert finding.verdict is Verdict.GOOD
    assert "g4dn.xlarge: in fp16, whole on the GPU" in finding.found
    ink = {"lora": str(tmp_path / "ink.safetensors"), "weight": None}
    added = {"model": "a.safetensors", "loras": {"ink": ink}}
    [finding] = check(added, fleet, root=tmp_path)
    assert finding.verdict is Verdict.BAD, "they do not fit with it"
    [finding] = check({"model": "ink.safetensors"}, fleet, root=tmp_path)
    assert finding.verdict is Verdict.BAD
    assert "holds LoRA weights" in finding.found


def test_a_model_of_unknown_size_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_hub(*_words: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(sources, "_of_hub", no_hub)
    [finding] = check({"model": "nobody/nothing"}, "g4dn.xlarge")
    assert finding.verdict is Verdict.WARNING
    assert "the hub does not tell" in finding.found


@pytest.mark.parametrize(
    ("models", "instance_type", "quantized"),
    [
        ({"model": SD15}, "g4dn.xlarge", False),
        ({"model": FLUX}, "g5.xlarge", True),
        ({"model": FLUX}, "p5.4xlarge", False),
        ({"model": FLUX}, "g4dn.xlarge", False),  # fits in no way, so nothing is quantized
        ({"model": SD15, "models": {"large": {"model": FLUX}}}, "g5.xlarge", True),
    ],
)
def test_the_image_gets_torchao_if_a_model_is_kept_in_8_bits(
    models: dict[str, object], instance_type: str, quantized: bool
) -> None:
    fleet = deployment(instance_types=(instance_type,))
    assert model_memory.quantizes(models, fleet, NOWHERE) is quantized
    found = image.arguments_for(models, NOWHERE, quantizes=quantized)
    assert found["QUANTIZATION"] == ("yes" if quantized else "no")


def test_a_model_of_unknown_size_may_need_torchao(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_of_hub", lambda *_words: 1 / 0)
    fleet = deployment(instance_types=("g4dn.xlarge",))
    assert model_memory.quantizes({"model": "nobody/nothing"}, fleet, NOWHERE)
