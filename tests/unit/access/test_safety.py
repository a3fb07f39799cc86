"""What is written to look like something else is read as what it looks like; patterns are cheap."""

import re
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.access.blocklist import check, shipped, with_pattern
from discord_diffusion.access.normalise import _look_alikes, readings
from discord_diffusion.access.patterns import (
    HIGHEST_COST,
    PatternError,
    cost,
    usable,
)
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.texts.catalogue import texts

LONGEST_FORM = 5
DISGUISES = (
    "forbidden fruit",
    "FORBIDDEN FRUIT",
    "fоrbіddеn fruіt",
    "ｆｏｒｂｉｄｄｅｎ　ｆｒｕｉｔ",
    "f\u200bor\u200cbid\u2060den\ufeff fr\u00aduit",
    "f o r b i d d e n   f r u i t",
    "f.o.r.b.i.d.d.e.n  f-r-u-i-t",
    "f0rb1dd3n fru1t",
    "fórbídden frûit",
    "forbidden fruuuuuit",
    "🅵🅾🆁🅱🅸🅳🅳🅴🅽 🄵🅁🅄🄸🅃",
    "𝓯𝓸𝓻𝓫𝓲𝓭𝓭𝓮𝓷 𝔣𝔯𝔲𝔦𝔱",
    "ꜰᴏʀʙɪᴅᴅᴇɴ ꜰʀᴜɪᴛ",
    "forbidden\u202e fruit",
    "forbidden, *fruit*!",
)


def test_no_character_makes_a_prompt_many_times_as_long() -> None:
    longer = [one for one in map(chr, range(0x110000)) if len(normalize("NFKC", one)) > 1]
    assert len(longer) > 1000
    for one in longer:
        assert max(map(len, readings(one))) <= LONGEST_FORM, hex(ord(one))


def test_words_beside_a_character_that_stands_for_many_are_found() -> None:
    with pytest.raises(Refusal):
        check(["an evil\ufdfacat", "\ufdfaevil"], ["evil"])


@pytest.mark.parametrize("prompt", DISGUISES)
def test_a_disguised_word_is_found(prompt: str) -> None:
    with pytest.raises(Refusal) as refused:
        check([f"a picture of {prompt} on a table"], ["forbidden fruit"])
    assert refused.value.reason == "blocked"


@pytest.mark.parametrize("prompt", ["", "a red circle", "fruit that is not forbidden", "🔴 👩‍👩‍👧"])
def test_an_innocent_prompt_passes(prompt: str) -> None:
    check([prompt, ""], ["forbidden fruit"])


@pytest.mark.parametrize(
    "prompt", ["children on a playground", "a kid in a red coat", "a nude by Modigliani",
               "a minor chord, sexton at 12 o'clock", "a 30 year old house"],
)  # fmt: skip
def test_the_shipped_list_lets_ordinary_wishes_pass(prompt: str) -> None:
    check([prompt], [])


def test_a_pattern_in_another_script_is_found_as_it_was_written() -> None:
    with pytest.raises(Refusal):
        check(["голый король"], ["гол(?:ый|ая)"])


@given(st.text(max_size=300))
def test_readings_are_bounded_and_hold_no_disguise(text: str) -> None:
    found = readings(text)
    assert 1 <= len(found) <= 5
    for reading in found:
        assert len(reading) <= 20 * len(text) + 1
        assert reading == reading.strip()
        assert not set(reading) & set("\u200b\u200c\u2060\ufeff\u202e")


def test_the_table_leads_from_other_letters_to_latin_ones() -> None:
    table = _look_alikes()
    assert len(table) > 500
    assert all(len(one) == 1 and not one.isascii() for one in table)
    assert all(re.fullmatch("[a-z0-9]", letter) for letter in table.values())


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+b", "(a|a){1,30}b", ".*.*=", "(a|aa){1,50}x", "(?=a)b", r"(a)\1", "[", "(?P<x>a)(?P=x)",
     "a{0,20}b{0,20}c{0,20}", "(a{0,5}){0,5}", "x" * 101, ".{0,100}", r"\w{1,30}",
     "(?<!a)b", "[[a]", "(?:sa|ſa){1,50}", "(?:ia|ıa){1,50}", "(?:µa|μa){1,50}", "a)|(?:b"],
)  # fmt: skip
def test_a_pattern_that_may_be_slow_or_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        usable(pattern)
    with pytest.raises(Refusal) as refused:
        with_pattern((), pattern)
    assert refused.value.reason == "pattern_invalid"
    assert f"pattern.{refused.value.values['problem']}" in texts("en")


@pytest.mark.parametrize(
    "pattern", ["cat", "(?:cat|dog)s?", "cat.{0,20}dog", r"\d{1,3} cats", "c[ao]t"]
)
def test_an_ordinary_pattern_is_taken(pattern: str) -> None:
    assert with_pattern((), f" {pattern} ") == (pattern,)
    assert with_pattern((pattern,), pattern) == (pattern,)
    assert cost(pattern) <= HIGHEST_COST


def test_a_kept_pattern_that_is_none_is_passed_over_and_the_prompt_is_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    check(["a secret wish"], ["a)|(?:b", "evil"])
    (passed_over,) = caplog.records
    assert passed_over.message == "A kept pattern is passed over"
    assert "secret" not in str(vars(passed_over))
    with pytest.raises(Refusal, match="blocked"):
        check(["an evil wish"], ["a)|(?:b", "evil"])
    assert with_pattern(("a)|(?:b",), "evil") == ("a)|(?:b", "evil")


def test_a_list_that_costs_too_much_in_all_takes_no_more() -> None:
    known: tuple[str, ...] = ()
    for number in range(5):
        known = with_pattern(known, f"cat{number}.{{0,90}}dog")
    with pytest.raises(Refusal) as refused:
        with_pattern(known, "cats.{0,90}dog")
    assert refused.value.reason == "patterns_full"


@given(st.from_regex(r"(?:[ab]|[ab]\?|[ab]\{0,3\}|\([ab]{1,2}\|[ab]{1,2}\)){1,6}", fullmatch=True))
def test_the_cost_of_a_pattern_bounds_in_how_many_ways_it_matches(pattern: str) -> None:
    """Every way in which the whole text `a`s and `b`s can match is one that was counted."""
    reached = {end for text in ("aaaaaaaa", "abababab", "bbbbbbbb") for end in _ends(pattern, text)}
    assert len(reached) <= cost(pattern) + 1


def _ends(pattern: str, text: str) -> set[int]:
    return {end for end in range(len(text) + 1) if re.fullmatch(pattern, text[:end])}


def test_the_shipped_patterns_are_few_and_cheap() -> None:
    costs = [cost(one.pattern.removeprefix(r"\b(?:").removesuffix(r")\b")) for one in shipped()]
    assert 0 < len(costs) <= 20
    assert max(costs) <= 50_000
