"""The setting EMBEDDINGS is read strictly."""

import json

import pytest

from discord_diffusion.jobs.embeddings import EmbeddingSpec, parse
from discord_diffusion.settings.reader import SettingsError
from discord_diffusion.settings.worker import WorkerSettings


def test_an_embedding_has_a_place_and_defaults() -> None:
    found = parse('{"<inked>": {"embedding": "org/inked"}}')
    assert found == {"<inked>": EmbeddingSpec("org/inked", models=(None,))}


def test_every_field_is_read() -> None:
    described = {
        "embedding": "org/inked",
        "file": "inked.safetensors",
        "revision": "main",
        "models": ["xl", None],
    }
    (spec,) = parse(json.dumps({"inked": described})).values()
    assert spec == EmbeddingSpec("org/inked", "inked.safetensors", "main", ("xl", None))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[", "a JSON object is needed"),
        ('{"a word": {"embedding": "x"}}', "'a word' is no name of the form"),
        ('{"inked": "x"}', "inked is not an object"),
        ('{"inked": {"embedding": "x", "weight": 1}}', "inked has no field 'weight'"),
        ('{"inked": {"file": "x.safetensors"}}', "inked.embedding is not a text"),
        ('{"inked": {"embedding": "x", "file": 1}}', "inked.file is not a text"),
        ('{"inked": {"embedding": "x", "revision": ""}}', "inked.revision is not a text"),
        ('{"inked": {"embedding": "x", "models": []}}', "inked.models is no array"),
    ],
)
def test_what_is_wrong_is_named(text: str, problem: str) -> None:
    with pytest.raises(ValueError) as refused:
        parse(text)
    assert problem in str(refused.value)
    with pytest.raises(SettingsError, match="EMBEDDINGS"):
        WorkerSettings.from_environ({"EMBEDDINGS": text})
