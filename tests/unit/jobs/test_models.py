"""The models of a deployment, from the setting MODELS."""

import pytest

from discord_diffusion.jobs.models import ModelSpec, parse


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
