"""Texts of users in messages: shown as they were written, without effect, and within the limits."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
UNESCAPED = re.compile(r"(?<!\\)(?:\\\\)*[`*_~|<>@#\[\]]")
anything = st.text(st.characters(), max_size=300)


@given(anything)
def test_an_escaped_text_holds_no_active_markup(text: str) -> None:
    assert not UNESCAPED.search(escape(text))


@given(anything)
def test_escaping_loses_nothing_that_clean_keeps(text: str) -> None:
    assert re.sub(r"\\(.)", r"\1", escape(text)) == clean(text)


@given(anything, st.integers(2, 50))
def test_a_shortened_text_fits_and_ends_in_no_half_escape(text: str, length: int) -> None:
    short = shorten(escape(text), length)
    assert len(short) <= length
    body = short.removesuffix("…")
    assert (len(body) - len(body.rstrip("\\"))) % 2 == 0 or body == escape(text)


@given(anything)
def test_control_characters_and_direction_overrides_are_removed(text: str) -> None:
    cleaned = clean(text)
    assert not set(cleaned) & set("\x00\n\r\x1b\u202e\u2066\u200f")
    cleaned.encode()  # no lone surrogate


def test_a_joined_emoji_is_never_cut_in_two() -> None:
    family = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}"
    assert shorten("ab" + family + "cdefgh", 6) == "ab…"


def test_a_mention_is_escaped() -> None:
    assert quote("@everyone <@1> `x`", 100) == r"\@everyone \<\@1\> \`x\`"


@pytest.mark.parametrize("cluster", [FLAG, SCOTLAND, WAVE, COUPLE, ACCENTED, "\N{FIRE}"])
@pytest.mark.parametrize("length", range(20, 40))
def test_a_cluster_of_characters_is_never_cut_in_two(cluster: str, length: int) -> None:
    short = shorten(cluster * 50, length)
    assert utf16_length(short) <= length
    assert short.removesuffix("…") == cluster * (len(short.removesuffix("…")) // len(cluster))


def test_a_cluster_that_alone_is_too_long_is_cut() -> None:
    pile = "a" + "\N{COMBINING ACUTE ACCENT}" * 3000
    assert utf16_length(shorten(pile, 100)) == 100


@given(st.text(max_size=300), st.integers(2, 400))
def test_a_shortened_text_fits_in_characters_and_in_utf16_units(text: str, length: int) -> None:
    short = shorten(text, length)
    assert len(short) <= utf16_length(short) <= length
    assert utf16_length(short) == len(short.encode("utf-16-le")) // 2


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("# heading", r"\# heading"),
        ("-# small", r"\-\# small"),
        ("[click](https://x.y)", r"\[click\]\(https\:\/\/x.y\)"),
        ("<https://x.y>", r"\<https\:\/\/x.y\>"),
        ("discord.gg/name", r"discord.gg\/name"),
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
def test_every_kind_of_markup_is_escaped(written: str, shown: str) -> None:
    assert escape(written) == shown


def test_a_prompt_of_6000_characters_of_everything_is_quoted_on_one_line() -> None:
    prompt = ("`@everyone` **x** <@&1> 👩\u200d🚀 \u202eשלום\u202c \x00\n" * 300)[:6000]
    line = quote(prompt, 1500)
    assert utf16_length(line) <= 1500
    assert line.isprintable() or "\u200d" in line
    assert len(line.splitlines()) == 1
    assert clean(prompt)[:9] == "`@everyon"
