"""The models of a deployment, from the setting MODELS."""

import json

import pytest

from discord_diffusion.jobs.models import ModelSpec, TokenInAddressError, checked_source, parse


def test_models_are_read_by_name() -> None:
    models = parse(
        '{"turbo": {"model": "stabilityai/sdxl-turbo", "variant": "fp16", "steps": 4,'
        ' "guidance": 0, "max_pixels": 1048576, "relative_cost": 2.5},'
        ' "plain": {"model": "/models/plain"}}'
    )
    assert list(models) == ["turbo", "plain"]
    assert models["turbo"].guidance == 0
    assert models["turbo"].relative_cost == 2.5
    assert models["plain"] == ModelSpec("/models/plain")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[]", "a JSON object"),
        ("{", "a JSON object"),
        ('{"Big One": {"model": "x"}}', "Big One"),
        ('{"a": "x"}', "a is not an object"),
        ('{"a": {}}', "a.model"),
        ('{"a": {"model": ""}}', "a.model"),
        ('{"a": {"model": "x", "sampler": "y"}}', "sampler"),
        ('{"a": {"model": "x", "revision": 1}}', "a.revision"),
        ('{"a": {"model": "x", "vae": 1}}', "a.vae"),
        ('{"a": {"model": "x", "steps": 0}}', "a.steps"),
        ('{"a": {"model": "x", "steps": 1.5}}', "a.steps"),
        ('{"a": {"model": "x", "guidance": true}}', "a.guidance"),
        ('{"a": {"model": "x", "max_pixels": 1}}', "a.max_pixels"),
        ('{"a": {"model": "x", "relative_cost": 0.009}}', "a.relative_cost is 0.009, not 0.01"),
        ('{"a": {"model": "x", "relative_cost": 1001}}', "a.relative_cost is 1001, not 0.01 to"),
    ],
)
def test_a_wrong_model_is_refused_by_name_and_field(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse(text)


def test_the_ends_of_the_ranges_are_allowed_and_what_lies_beyond_is_refused() -> None:
    for field, least, most, step in (
        ("steps", 1, 100, 1),
        ("guidance", 0.0, 30.0, 0.5),
        ("max_pixels", 64, 4096 * 4096, 1),
    ):
        for value in (least, most):
            assert (
                getattr(parse(json.dumps({"a": {"model": "x", field: value}}))["a"], field) == value
            )
        for value in (least - step, most + step):
            with pytest.raises(
                ValueError, match=rf"^a\.{field} is {value!r}, not {least} to {most}$"
            ):
                parse(json.dumps({"a": {"model": "x", field: value}}))


def test_every_field_of_a_model_is_read() -> None:
    fields = {
        "model": "hub/id",
        "revision": "main",
        "variant": "fp16",
        "vae": "hub/vae",
        "lora": "hub/lora",
        "precision": "bf16",
        "scheduler": "DDIMScheduler",
        "steps": 4,
        "guidance": 2,
        "max_pixels": 64,
        "relative_cost": 2.5,
    }
    assert vars(parse(json.dumps({"a": fields}))["a"]) == fields
    assert parse('{"a": {"model": "x", "variant": null}}')["a"] == ModelSpec("x")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "a JSON object is needed"),
        ("[" * 100_000, "a JSON object is needed"),
        ("[]", "a JSON object of models by name is needed"),
        ('{"a": "x"}', "a is not an object"),
        ('{"a": {"model": "x", "z": 1, "sampler": 2}}', "a has no field 'sampler'"),
        ('{"a": {"model": null}}', "a.model is not a text"),
        ('{"a": {"model": "x", "revision": ""}}', "a.revision is not a text"),
        ('{"a": {"model": "x", "variant": 1}}', "a.variant is not a text"),
        ('{"a": {"model": "x", "lora": 1}}', "a.lora is not a text"),
        ('{"a": {"model": "x", "precision": 1}}', "a.precision is not a text"),
        (
            '{"a": {"model": "x", "precision": "fp8"}}',
            "a.precision is 'fp8', not one of auto, fp32, fp16, bf16",
        ),
        ('{"a": {"model": "x", "scheduler": []}}', "a.scheduler is not a text"),
        (
            '{"A": {"model": "x"}}',
            "'A' is no model name of the form [a-z0-9][a-z0-9._-]{0,63}",
        ),
    ],
)
def test_the_error_says_what_is_wrong(text: str, problem: str) -> None:
    with pytest.raises(ValueError) as refused:
        parse(text)
    assert str(refused.value) == problem


@pytest.mark.parametrize(
    "source",
    [
        "", "org/name", "/models/a.safetensors", "C:/models/a", "models@home/a", "a:b/c@d",
        "/models/what?/a", "https://h.co/a.safetensors", "https://h.co:443/x@y/a",
        "https://h.co/a?download=true", "https://h.co/a?download=1", "h.co/a?download=true",
    ],
)  # fmt: skip
def test_a_place_of_weights_without_a_token_is_taken_as_it_is(source: str) -> None:
    assert checked_source(source) == source


@pytest.mark.parametrize(
    "source",
    [
        "https://me@h.co/a", "https://me:secret@h.co/a", "me:secret@h.co/a",
        "https://me:secret@h.co/a://b", "https://h.co/a?secret", "https://h.co/a?key=secret",
        "h.co/a?key=secret", "https://h.co/a?key=secret?download=true",
    ],
)  # fmt: skip
def test_a_place_of_weights_that_may_hold_a_token_is_refused_and_not_shown(source: str) -> None:
    with pytest.raises(TokenInAddressError) as refused:
        checked_source(source)
    assert str(refused.value) == (
        "an address has a user or a query, where tokens are: leave them out, and give a token "
        "of the hub as HF_TOKEN"
    )
