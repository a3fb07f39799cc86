"""LoRAs are loaded with their model and switched between batches; embeddings are new words."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import StableDiffusionPipeline
from peft import LoraConfig
from peft.utils import get_peft_model_state_dict
from safetensors.torch import save_file

from discord_diffusion.jobs.embeddings import EmbeddingSpec
from discord_diffusion.jobs.loras import LoraSpec
from discord_diffusion.worker.errors import ModelLoadError, OptionRefusedError
from discord_diffusion.worker.pipeline.generator import DiffusersGenerator
from discord_diffusion.worker.pipeline.loras import LoadedLoras
from discord_diffusion.worker.pipeline_types import GenerationRequest
from tests.unit.worker.fakes import make_parameters
from tests.unit.worker.pipeline.drawing import draw, draw_all, load, pixels

_UNTYPED: Any = StableDiffusionPipeline


def save_lora(base: Path, folder: Path, seed: int, part: str = "unet") -> Path:
    """LoRA weights for a pipeline's denoiser or text encoder that change much, by their seed."""
    torch.manual_seed(seed)
    pipe = _UNTYPED.from_pretrained(base)
    network = getattr(pipe, part)
    names = ["to_q", "to_v", "conv1"] if part == "unet" else ["q_proj", "v_proj"]
    network.add_adapter(LoraConfig(r=2, target_modules=names, init_lora_weights=False))
    pipe.save_lora_weights(folder, **{f"{part}_lora_layers": get_peft_model_state_dict(network)})
    return folder


@pytest.fixture(scope="module")
def loras(tiny_model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("loras")
    ink = save_lora(tiny_model_folder, folder / "ink", 1)
    gold = save_lora(tiny_model_folder, folder / "g.old", 2)
    words = save_lora(tiny_model_folder, folder / "words", 3, "text_encoder")
    file = "pytorch_lora_weights.safetensors"
    return {
        "ink": {"lora": str(ink / file), "trigger": "in Ink"},
        "g.old": {"lora": str(gold), "file": file, "weight": 0.5},
        "words": {"lora": str(words)},
    }


@pytest.fixture(scope="module")
def generator(tiny_model_folder: Path, loras: dict[str, Any]) -> DiffusersGenerator:
    return load(tiny_model_folder, LORAS=json.dumps(loras))


def drawn(generator: DiffusersGenerator, lora: str | None, **changes: Any) -> bytes:
    made = draw(generator, make_parameters(images=1, lora=lora, **changes))
    return made.pictures[0].image.tobytes()


def test_a_lora_changes_pictures_by_its_weight_and_leaves_those_without_alone(
    generator: DiffusersGenerator, tiny_model_folder: Path
) -> None:
    plain = drawn(load(tiny_model_folder), None)
    assert drawn(generator, None) == plain
    several = [
        drawn(generator, lora)
        for lora in ("ink:1", "ink:0.5", "g.old:1", "words:1", "g.old:1,ink:1", "ink:1,words:-1")
    ]
    assert len({plain, *several}) == len(several) + 1
    assert drawn(generator, None) == plain
    assert drawn(generator, "ink:1") == several[0]


def test_a_seed_gives_the_same_picture_in_any_batch_with_loras_too(
    generator: DiffusersGenerator,
) -> None:
    parameters = [make_parameters(images=2, seed=seed, lora="g.old:0.5,ink:1") for seed in (1, 9)]
    together = draw_all(generator, [GenerationRequest(one) for one in parameters])
    for one, made in zip(parameters, together, strict=True):
        alone = draw(generator, one)
        for left, right in zip(pixels(made), pixels(alone), strict=True):
            assert (left == right).all()


def test_jobs_with_the_same_set_share_a_batch(generator: DiffusersGenerator) -> None:
    keys = [
        generator.batch_key(make_parameters(lora=lora))
        for lora in (None, "ink:1", "ink:1", "ink:0.5", "g.old:1,ink:1")
    ]
    assert keys[1] == keys[2]
    assert len(set(keys)) == 4


def test_a_switch_reads_no_file(
    generator: DiffusersGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_words: object, **_named: object) -> None:
        raise AssertionError("something is loaded")

    drawn(generator, "ink:1")
    monkeypatch.setattr(StableDiffusionPipeline, "load_lora_weights", fail)
    monkeypatch.setattr(Path, "open", fail)
    assert drawn(generator, "g.old:1") != drawn(generator, None)


def test_the_trigger_words_are_added_where_the_prompt_lacks_them(
    generator: DiffusersGenerator,
) -> None:
    added = drawn(generator, "ink:1", prompt="a cat")
    assert added == drawn(generator, "ink:1", prompt="a cat, in Ink")
    assert added != drawn(generator, "ink:1", prompt="IN INK, a cat")
    loras = LoadedLoras(None, {"ink": LoraSpec("x", trigger="in Ink"), "plain": LoraSpec("x")})
    for lora, prompt, read in (
        ("ink:1", "a cat", "a cat, in Ink"),
        ("ink:1", "A CAT IN INK", "A CAT IN INK"),
        ("plain:1", "a cat", "a cat"),
    ):
        asked = make_parameters(prompt=prompt, lora=lora)
        assert loras.with_triggers(asked) == make_parameters(prompt=read, lora=lora)


def test_a_lora_that_the_model_has_not_is_refused(generator: DiffusersGenerator) -> None:
    with pytest.raises(OptionRefusedError, match=r"no LoRA 'oil' for this model; there is ink"):
        draw(generator, make_parameters(lora="oil:1"))


def test_a_model_that_is_loaded_for_a_job_has_its_own_loras(
    tiny_model_folder: Path, loras: dict[str, Any]
) -> None:
    described = {"ink": loras["ink"] | {"models": ["other"]}}
    models = json.dumps({"other": {"model": str(tiny_model_folder)}})
    generator = load(tiny_model_folder, MODELS=models, LORAS=json.dumps(described))
    assert drawn(generator, "ink:1", model="other") != drawn(generator, None, model="other")
    with pytest.raises(OptionRefusedError, match="there is none"):
        draw(generator, make_parameters(lora="ink:1"))


def wrong_loras(folder: Path) -> Iterator[tuple[str, LoraSpec, str]]:
    elsewhere = folder / "elsewhere.safetensors"
    save_file({"nothing.lora_A.weight": torch.zeros(2, 8)}, elsewhere)
    broken = folder / "broken.safetensors"
    broken.write_bytes(b"no weights")
    down, up = (f"unet.mid_block.attentions.0.proj_in.lora_{side}.weight" for side in "AB")
    larger = folder / "larger.safetensors"
    save_file({down: torch.zeros(2, 640, 1, 1), up: torch.zeros(640, 2, 1, 1)}, larger)
    yield "elsewhere", LoraSpec(str(elsewhere)), "changes no layer of this model"
    yield "broken", LoraSpec(str(broken)), "cannot be loaded"
    yield "larger", LoraSpec(str(larger)), "cannot be loaded"
    yield "missing", LoraSpec(str(folder), "none.safetensors"), "cannot be loaded"


def test_a_lora_that_a_model_cannot_take_ends_its_loading_with_the_reason(
    tiny_model_folder: Path, tmp_path: Path
) -> None:
    for name, spec, reason in wrong_loras(tmp_path):
        described = {"lora": spec.lora} | ({"file": spec.file} if spec.file else {})
        with pytest.raises(ModelLoadError, match=f"LORAS: {name} .*{reason}"):
            load(tiny_model_folder, LORAS=json.dumps({name: described}))


def test_an_embedding_is_a_word_of_prompts(tiny_model_folder: Path, tmp_path: Path) -> None:
    """The embedding of a word that the model knows draws what that word draws."""
    pipe = _UNTYPED.from_pretrained(tiny_model_folder)
    known = pipe.tokenizer.encode("x", add_special_tokens=False)
    vectors = pipe.text_encoder.get_input_embeddings().weight[known].detach().clone()
    file = tmp_path / "same.safetensors"
    save_file({"<same>": vectors}, file)
    spec = EmbeddingSpec(str(file))
    described = json.dumps({"<same>": {"embedding": spec.embedding}})
    generator = load(tiny_model_folder, EMBEDDINGS=described)
    assert drawn(generator, None, prompt="a <same>") == drawn(generator, None, prompt="a x")
    without = load(tiny_model_folder)
    assert drawn(without, None, prompt="a <same>") != drawn(without, None, prompt="a x")


def test_an_embedding_that_a_model_cannot_take_ends_its_loading_with_the_reason(
    tiny_model_folder: Path, tmp_path: Path
) -> None:
    wide, both = tmp_path / "wide.safetensors", tmp_path / "both.safetensors"
    save_file({"<wide>": torch.zeros(1, 768)}, wide)
    save_file({"clip_l": torch.zeros(1, 16), "clip_g": torch.zeros(1, 32)}, both)
    for file, reason in ((wide, "cannot be loaded"), (both, "this model has one")):
        described = json.dumps({"<word>": {"embedding": str(file)}})
        with pytest.raises(ModelLoadError, match=f"EMBEDDINGS: <word> .*{reason}"):
            load(tiny_model_folder, EMBEDDINGS=described)
