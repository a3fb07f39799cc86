"""Styles: what they make of prompts, and which settings of the operator are refused."""

import json
from dataclasses import replace

import pytest

from discord_diffusion.jobs.parameters import GenerationParameters, Style
from discord_diffusion.jobs.styles import MOST_STYLES, parse, with_style, without_style
from discord_diffusion.jobs.validation import InvalidJobError

REQUEST = GenerationParameters("a {cat}", 42, 12, 3.0, 64, 64, 4, negative_prompt="dogs")


@pytest.mark.parametrize(
    ("template", "drawn"),
    [
        ("{prompt}, ink drawing", "a {cat}, ink drawing"),
        ("ink drawing", "a {cat}, ink drawing"),
        ("ink of {prompt}, {0} {x}, {prompt}", "ink of a {cat}, {0} {x}, a {cat}"),
        ("", "a {cat}"),
    ],
)
def test_a_template_is_put_around_the_prompt(template: str, drawn: str) -> None:
    styled = replace(REQUEST, style=Style("ink", template, steps=3))
    assert styled.drawn_prompt == drawn
    assert styled.prompt == "a {cat}"
    assert styled.drawn_negative_prompt == "dogs"


def test_a_style_alone_may_be_the_negative_prompt() -> None:
    styled = replace(REQUEST, negative_prompt="", style=Style("ink", negative_prompt="colours"))
    assert styled.drawn_negative_prompt == "colours"
    styled = replace(styled, negative_prompt="dogs")
    assert styled.drawn_negative_prompt == "dogs, colours"
    assert replace(styled, style=None).drawn_negative_prompt == "dogs"


def test_the_settings_of_the_operator_are_styles_by_name() -> None:
    ink = {"prompt": "{prompt}, ink", "steps": 8, "guidance": 2, "scheduler": "DDIMScheduler"}
    found = parse(json.dumps({"ink": ink, "plain": {"negative_prompt": "frame"}}))
    assert dict(found) == {
        "ink": Style("ink", "{prompt}, ink", "", 8, 2.0, "DDIMScheduler"),
        "plain": Style("plain", "", "frame"),
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x", "a JSON object is needed"),
        ("[]", "a JSON object of styles by name is needed"),
        ('{"ink": 5}', "ink is not an object"),
        ('{"Ink!": {"prompt": "x"}}', "Ink!.name is 'Ink!', not of the form"),
        ('{"ink": {"name": "ink"}}', "ink has no field 'name'"),
        ('{"ink": {}}', "ink is empty"),
        ('{"ink": {"prompt": "x", "mood": 1}}', "ink.'mood' is no field"),
        ('{"ink": {"prompt": 5}}', "ink.prompt is 5, not a text"),
        (
            '{"ink": {"prompt": "%s"}}' % ("x" * 501),
            f"ink.prompt is '{'x' * 59}…, not a text of 0 to 500",
        ),
        ('{"ink": {"steps": 0}}', "ink.steps is 0, not a whole number from 1 to 100"),
        ('{"ink": {"guidance": 31}}', "ink.guidance is 31, not a number"),
        ('{"ink": {"scheduler": "ddim"}}', "ink.scheduler is 'ddim', not of the form"),
        (
            json.dumps({f"s{n}": {"prompt": "x"} for n in range(MOST_STYLES + 1)}),
            "26 styles, at most 25",
        ),
    ],
)
def test_wrong_settings_are_refused_by_name(text: str, problem: str) -> None:
    with pytest.raises(ValueError) as refused:
        parse(text)
    assert str(refused.value).startswith(problem)


def test_as_many_styles_as_the_most_are_read() -> None:
    names = [f"s{number}" for number in range(MOST_STYLES)]
    assert list(parse(json.dumps({name: {"prompt": "x"} for name in names}))) == names


def test_a_style_is_replaced_by_its_name_and_removed_by_it() -> None:
    first, second = Style("ink", "x"), Style("oil", "y")
    both = with_style(with_style((), first), second)
    assert both == (first, second)
    assert with_style(both, Style("ink", "z")) == (second, Style("ink", "z"))
    assert without_style(both, "ink") == (second,)


def test_a_style_may_be_no_guidance_alone() -> None:
    assert dict(parse('{"free": {"guidance": 0}}')) == {"free": Style("free", guidance=0.0)}
    styled = replace(REQUEST, style=Style("free", guidance=0.0))
    assert GenerationParameters.from_json(styled.to_json()) == styled


def test_a_template_makes_no_prompt_longer_than_one_may_be() -> None:
    """Each place of a template would be another 6,000 characters to check, to read and to embed."""
    many = Style("many", "{prompt}" * 62, "{prompt}" * 62)
    styled = replace(REQUEST, prompt="a" * 6000, negative_prompt="b" * 6000, style=many)
    assert styled.drawn_prompt == "a" * 6000
    assert styled.drawn_negative_prompt == "b" * 6000


def test_an_empty_style_is_no_job() -> None:
    empty = replace(REQUEST, style=Style("ink"))
    with pytest.raises(InvalidJobError, match="style is empty"):
        GenerationParameters.from_json(empty.to_json())
