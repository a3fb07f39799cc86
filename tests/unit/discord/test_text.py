"""What users wrote is shown as they wrote it, does nothing, and fits."""

import re

from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.texts.answers import failure
from discord_diffusion.texts.formatting import (
    CONTENT_LENGTH,
    clean,
    escape,
    fit_content,
    quote,
    shorten,
)

UNESCAPED = re.compile(r"(?<!\\)(?:\\\\)*[`*_~|<>@#\[\]]")
anything = st.text(st.characters(), max_size=300)


@given(anything)
def test_an_escaped_text_holds_no_markup_that_works(text: str) -> None:
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
def test_control_characters_and_direction_overrides_are_gone(text: str) -> None:
    cleaned = clean(text)
    assert not set(cleaned) & set("\x00\n\r\x1b\u202e\u2066\u200f")
    cleaned.encode()  # no lone surrogate


@given(st.text(max_size=5000))
def test_content_never_exceeds_discords_limit(text: str) -> None:
    assert len(fit_content(text)) <= CONTENT_LENGTH
    assert len(failure(text)) <= CONTENT_LENGTH


def test_a_joined_emoji_is_not_cut_in_two() -> None:
    family = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}"
    assert shorten("ab" + family + "cdefgh", 6) == "ab…"


def test_a_mention_is_shown_and_mentions_nobody() -> None:
    assert quote("@everyone <@1> `x`", 100) == r"\@everyone \<\@1\> \`x\`"
