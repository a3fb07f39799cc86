"""Text made to break a message: it is cut where a reader would cut it, and never too long."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.jobs.job import Job
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.validation import InvalidJobError
from discord_diffusion.texts.formatting import (
    clean,
    escape,
    quote,
    shorten,
    utf16_length,
)

FLAG = "\N{REGIONAL INDICATOR SYMBOL LETTER D}\N{REGIONAL INDICATOR SYMBOL LETTER E}"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
WAVE = "\N{WAVING HAND SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-5}"
COUPLE = "\N{WOMAN}\u200d\N{HEAVY BLACK HEART}\ufe0f\u200d\N{WOMAN}"
ACCENTED = "e\N{COMBINING ACUTE ACCENT}"


@pytest.mark.parametrize("cluster", [FLAG, SCOTLAND, WAVE, COUPLE, ACCENTED, "\N{FIRE}"])
@pytest.mark.parametrize("length", range(20, 40))
def test_what_looks_like_one_character_is_never_cut_in_two(cluster: str, length: int) -> None:
    short = shorten(cluster * 50, length)
    assert utf16_length(short) <= length
    assert short.removesuffix("…") == cluster * (len(short.removesuffix("…")) // len(cluster))


def test_a_cluster_that_is_too_long_by_itself_is_cut_all_the_same() -> None:
    pile = "a" + "\N{COMBINING ACUTE ACCENT}" * 3000
    assert utf16_length(shorten(pile, 100)) == 100


@given(st.text(max_size=300), st.integers(2, 400))
def test_no_cut_text_is_too_long_however_it_is_counted(text: str, length: int) -> None:
    short = shorten(text, length)
    assert len(short) <= utf16_length(short) <= length
    assert utf16_length(short) == len(short.encode("utf-16-le")) // 2


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("# heading", r"\# heading"),
        ("-# small", r"\-\# small"),
        ("[click](https://x.y)", r"\[click\]\(https\://x.y\)"),
        ("<https://x.y>", r"\<https\://x.y\>"),
        ("<t:1700000000:R>", r"\<t\:1700000000\:R\>"),
        ("<:blob:123> :fire:", r"\<\:blob\:123\> \:fire\:"),
        ("||spoiler|| ~~gone~~", r"\|\|spoiler\|\| \~\~gone\~\~"),
        ("```py\nprint()\n```", r"\`\`\`py print\(\) \`\`\`"),
        ("already \\*escaped\\*", r"already \\\*escaped\\\*"),
        ("one\u2028two\x85three\rfour", "one two three four"),
        ("\u202egnirts\u202c \x00\x1b[31mred", r"gnirts \[31mred"),
        ("שלום world مرحبا", "שלום world مرحبا"),
    ],
)
def test_markup_of_every_kind_is_shown_as_it_was_written(written: str, shown: str) -> None:
    assert escape(written) == shown


def test_a_prompt_of_6000_characters_of_everything_is_quoted_on_one_line() -> None:
    prompt = ("`@everyone` **x** <@&1> 👩\u200d🚀 \u202eשלום\u202c \x00\n" * 300)[:6000]
    line = quote(prompt, 1500)
    assert utf16_length(line) <= 1500
    assert line.isprintable() or "\u200d" in line
    assert len(line.splitlines()) == 1
    assert clean(prompt)[:9] == "`@everyon"


def job_with(**parameters: object) -> str:
    job = Job(
        id="1127000000000000000",
        application_id="2",
        token="a-secret-token",
        user_id="3",
        locale="en-US",
        parameters=GenerationParameters("a red circle", 42, 12, 3.0, 64, 64, 4),
    )
    content = json.loads(job.to_json())
    content["parameters"] |= parameters
    return json.dumps(content)


@pytest.mark.parametrize(
    "wrong",
    [
        {"prompt": "half \ud83d a character"},
        {"guidance": float("nan")},
        {"guidance": float("inf")},
        {"steps": 10**4000},
        {"steps": 12.0},
        {"width": 65},
        {"seed": 2**32},
    ],
)
def test_a_parameter_that_would_fail_while_drawing_is_refused_by_name(
    wrong: dict[str, object],
) -> None:
    (name,) = wrong
    with pytest.raises(InvalidJobError, match=name):
        Job.from_json(job_with(**wrong))


@pytest.mark.parametrize("depth", [10, 900, 990, 995, 1000, 100_000])
def test_json_of_any_depth_is_refused_and_never_crashes(depth: int) -> None:
    deep = "[" * depth + "]" * depth
    for text in (deep, f'{{"schema_version":{deep}}}', job_with(prompt=0).replace("0", deep)):
        with pytest.raises(InvalidJobError):
            Job.from_json(text)
