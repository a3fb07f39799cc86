"""The setting LORAS is read strictly, a set of LoRAs has one text, and prompts get its triggers."""

import json
from dataclasses import replace

import pytest

from discord_diffusion.jobs.additions import for_model
from discord_diffusion.jobs.loras import ChosenLora, LoraSpec, parse, read_set, set_text
from discord_diffusion.jobs.options import LORAS, LORAS_LENGTH
from discord_diffusion.jobs.parameters import GenerationParameters, Style
from discord_diffusion.settings.reader import SettingsError
from discord_diffusion.settings.worker import WorkerSettings


def test_a_lora_has_a_place_and_defaults() -> None:
    loras = parse('{"ink": {"lora": "org/ink"}}')
    assert loras == {"ink": LoraSpec("org/ink", weight=1.0, models=(None,))}


def test_every_field_is_read() -> None:
    described = {
        "lora": "org/ink",
        "file": "ink-v2.safetensors",
        "revision": "main",
        "trigger": "in ink",
        "weight": -1,
        "models": ["xl", None],
    }
    (spec,) = parse(json.dumps({"ink": described})).values()
    assert spec == LoraSpec(**described | {"models": ("xl", None)})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[", "a JSON object is needed"),
        ("[]", "a JSON object of objects by name is needed"),
        ('{"Ink": {"lora": "x"}}', "'Ink' is no name of the form"),
        (
            '{"an-ink-with-far-too-long-a-name": {"lora": "x"}}',
            "'an-ink-with-far-too-long-a-name' is no",
        ),
        ('{"ink": "x"}', "ink is not an object"),
        ('{"ink": {"lora": "x", "size": 1}}', "ink has no field 'size'"),
        ('{"ink": {}}', "ink.lora is not a text"),
        ('{"ink": {"lora": "x", "file": ""}}', "ink.file is not a text"),
        ('{"ink": {"lora": "x", "file": "ink.bin"}}', "ink.file is 'ink.bin', not the name"),
        ('{"ink": {"lora": "x", "file": "../ink.safetensors"}}', "ink.file is '../ink.safe"),
        ('{"ink": {"lora": "https://me@h.co/a"}}', "an address has a user or a query"),
        ('{"ink": {"lora": "x", "file": "https://me@h.co/a"}}', "an address has a user or a"),
        ('{"ink": {"lora": "x", "revision": 1}}', "ink.revision is not a text"),
        ('{"ink": {"lora": "x", "trigger": 1}}', "ink.trigger is not a text"),
        (
            '{"ink": {"lora": "x", "trigger": "%s"}}' % ("x" * 201),
            "ink.trigger is longer than 200 characters",
        ),
        ('{"ink": {"lora": "x", "weight": 2.5}}', "ink.weight is 2.5, not -2 to 2"),
        ('{"ink": {"lora": "x", "weight": true}}', "ink.weight is True"),
        ('{"ink": {"lora": "x", "models": []}}', "ink.models is no array"),
        ('{"ink": {"lora": "x", "models": "xl"}}', "ink.models is no array"),
    ],
)
def test_what_is_wrong_is_named(text: str, problem: str) -> None:
    with pytest.raises(ValueError) as refused:
        parse(text)
    assert str(refused.value).startswith(problem)
    with pytest.raises(SettingsError, match="LORAS"):
        WorkerSettings.from_environ({"LORAS": text})


def test_the_longest_trigger_and_the_ends_of_the_weights_are_allowed() -> None:
    for weight in (-2, 2):
        described = {"lora": "x", "trigger": "x" * 200, "weight": weight}
        assert parse(json.dumps({"ink": described}))["ink"].weight == weight


def test_the_loras_of_a_model_are_those_that_were_made_for_it() -> None:
    loras = parse(
        '{"ink": {"lora": "x", "models": ["xl"]}, "oil": {"lora": "y"},'
        ' "gold": {"lora": "z", "models": [null, "xl"]}}'
    )
    assert list(for_model(loras, "xl")) == ["ink", "gold"]
    assert list(for_model(loras, None)) == ["oil", "gold"]
    assert for_model(loras, "small") == {}


def test_a_lora_for_a_model_that_there_is_not_is_refused() -> None:
    environ = {"LORAS": '{"ink": {"lora": "x", "models": ["xl"]}}'}
    with pytest.raises(SettingsError, match=r"ink\.models names 'xl', which is not in MODELS"):
        WorkerSettings.from_environ(environ)
    with pytest.raises(SettingsError) as other:
        WorkerSettings.from_environ(environ | {"MODELS": '{"xl": {"model": "x"}}'})
    assert "LORAS" not in str(other.value)


def test_a_set_has_one_text_in_whatever_order() -> None:
    one, other = ChosenLora("b", 1.0), ChosenLora("a.0", -0.75)
    assert set_text([one, other]) == set_text([other, one]) == "a.0:-0.75,b:1"
    assert read_set("a.0:-0.75,b:1") == (other, one)


def test_a_weight_is_written_with_two_decimals_at_most() -> None:
    assert set_text([ChosenLora("ink", 0.8049)]) == "ink:0.8"
    assert set_text([ChosenLora("ink", -0.756)]) == "ink:-0.76"


@pytest.mark.parametrize("text", ["a:3", "a", "a:1,", "a:1,b:1,c:1,d:1", "A:1", "a:1.234", "a:nan"])
def test_a_text_that_no_program_of_ours_writes_is_refused(text: str) -> None:
    assert not LORAS.fullmatch(text)


def test_three_long_names_fit_into_one_choice() -> None:
    longest = ", ".join(str(ChosenLora(letter * 24, -0.25)) for letter in "abc")
    assert len(longest) <= LORAS_LENGTH[1]


@pytest.mark.parametrize(
    ("lora", "prompt", "style", "read"),
    [
        ("ink:1", "a cat", None, "a cat, in Ink"),
        ("gold:1,ink:1", "a cat", None, "a cat, of gold, in Ink"),
        ("gold:1,ink:1", "IN INK, a cat", None, "IN INK, a cat, of gold"),
        ("ink:1", "a cat", Style("ink", "drawn in ink"), "a cat"),
        ("gone:1,ink:1", "a cat", None, "a cat, in Ink"),
        ("plain:1", "a cat", None, "a cat"),
        (None, "a cat", None, "a cat"),
    ],
)
def test_a_prompt_gets_the_trigger_words_of_its_loras_that_it_lacks_in_any_case(
    lora: str | None, prompt: str, style: Style | None, read: str
) -> None:
    known = {
        "ink": LoraSpec("x", trigger="in Ink"),
        "gold": LoraSpec("x", trigger="of gold"),
        "plain": LoraSpec("x"),
    }
    asked = GenerationParameters(prompt, 7, 25, 7.5, 512, 512, 1, lora=lora, style=style)
    assert asked.with_triggers(known) == replace(asked, prompt=read)
