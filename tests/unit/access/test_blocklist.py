"""Blocked prompts: disguised words are found, and the patterns of a guild are bounded and fast."""

import contextlib
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discord_diffusion.access.blocklist import MOST_PATTERNS, check, with_pattern
from discord_diffusion.access.normalise import _look_alikes, readings
from discord_diffusion.access.patterns import (
    LARGEST_PROGRAM,
    LARGEST_PROGRAMS,
    PatternError,
    check_pattern,
    compiled,
    program_size,
)
from discord_diffusion.jobs.refusal import Refusal
from discord_diffusion.texts.catalogue import texts

ROOT = Path(__file__).parents[3]
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
    "f\u20ddo\u20ddr\u20ddb\u20ddi\u20ddd\u20ddd\u20dde\u20ddn\u20dd fruit",
    "for-bid-den fr_uit",
    "for\u3164bidden f\u115fruit",
    "forbidden fruit1",
    "2forbidden fruit",
    "forbidden fruit0standing",
)


WEIGHTED = (
    "(forbidden:1.2) (fruit:1.1)",
    "a forbidden(fruit:.5), please",
    "((forbidden:1)) (fruit:2)",
    "(a forbidden:0.7)(fruit:1)",
)
"""What a model reads as those two words: `worker/pipeline/prompt_tokens.py`."""


def seconds_of_check(prompt: str, blocklist: Iterable[str] = ()) -> float:
    """The processor's time of one check, which other programs on the machine do not lengthen."""
    began = time.thread_time()
    with contextlib.suppress(Refusal):
        check([prompt], blocklist)
    return time.thread_time() - began


def test_no_character_makes_a_reading_more_than_five_times_as_long() -> None:
    longer = [one for one in map(chr, range(0x110000)) if len(normalize("NFKC", one)) > 1]
    assert len(longer) > 1000
    for one in longer:
        assert max(map(len, readings(one))) <= LONGEST_FORM, hex(ord(one))


def test_a_word_beside_a_character_that_stands_for_a_phrase_is_found() -> None:
    with pytest.raises(Refusal):
        check(["an evil\ufdfacat", "\ufdfaevil"], ["evil"])


@pytest.mark.parametrize("prompt", DISGUISES + WEIGHTED)
def test_a_disguised_word_is_found(prompt: str) -> None:
    with pytest.raises(Refusal) as refused:
        check([f"a picture of {prompt} on a table"], ["forbidden fruit"])
    assert refused.value.reason == "blocked"


@pytest.mark.parametrize(
    "texts",
    [
        ("a (12:1) (year:1) (old:1), nude",),
        ("(12:1)-(year:1)-(old:1), nude",),
        ("(high:1) (school:1) (student:1), nude",),
        ("a kid with (no:1.1) (clothes:1.1)",),
        ("(12:1)歳 (裸:1)",),
        ("a kid", "any (kind:1) of (cloth:1) (ing:0.9), clothes"),
    ],
)
def test_weights_between_the_words_hide_nothing(texts: tuple[str, ...]) -> None:
    with pytest.raises(Refusal) as refused:
        check(texts, ())
    assert refused.value.reason == "blocked"


@pytest.mark.parametrize("prompt", ["", "a red circle", "fruit that is not forbidden", "🔴 👩‍👩‍👧"])
def test_an_innocent_prompt_passes(prompt: str) -> None:
    check([prompt, ""], ["forbidden fruit"])


@pytest.mark.parametrize(
    ("sign", "letter"),
    [("0", "o"), ("1", "i"), ("3", "e"), ("4", "a"), ("5", "s"), ("7", "t"), ("8", "b"),
     ("@", "a"), ("$", "s"), ("!", "i"), ("|", "i"), ("€", "e"), ("£", "l"), ("+", "t")],
)  # fmt: skip
def test_a_digit_or_sign_in_place_of_a_letter_is_found(sign: str, letter: str) -> None:
    with pytest.raises(Refusal):
        check([f"mu{sign}um"], [f"mu{letter}um"])


@pytest.mark.parametrize(("like", "letter"), [("ƨ", "2"), ("ɜ", "3"), ("Ꮞ", "4"), ("ƽ", "5"),
    ("б", "6"), ("𐓺", "7"), ("৪", "8"), ("৭", "9"), ("ɑ", "a"), ("ӏ", "l")])  # fmt: skip
def test_a_character_that_looks_like_a_digit_or_letter_is_found(like: str, letter: str) -> None:
    with pytest.raises(Refusal):
        check([f"mu{like}um"], [f"mu{letter}um"])


def test_every_look_alike_of_the_table_is_read_as_its_letter() -> None:
    missed = [like for like, letter in _look_alikes().items()
              if f"mu{letter}um" not in readings(f"mu{like}um")]  # fmt: skip
    assert missed == []


@pytest.mark.parametrize("control", ["\x00", "\x07", "\x1b", "\x7f"])
def test_a_control_character_inside_a_word_does_not_disguise_it(control: str) -> None:
    assert readings(f"for{control}bidden") == ("forbidden",)
    with pytest.raises(Refusal):
        check([f"for{control}bidden fruit"], ["forbidden fruit"])


def test_the_readings_of_a_prompt_are_exactly_these() -> None:
    assert readings("A c4t,  d o g; moooon") == (
        "a c4t d o g moooon",
        "a c4t dog moooon",
        "a cat dog moooon",
        "a cat dog mon",
        "a cat dog moon",
        "a c 4t d o g moooon",
    )
    assert readings("a 1amp, wa11-mount, FIoor") == (
        "a 1amp wa11 mount fioor",
        "a iamp waii mount fioor",
        "a lamp wall mount floor",
        "a iamp waiimount fioor",
        "a 1 amp wa 11 mount fioor",
    )
    assert readings("") == ("",)


def test_a_capital_i_is_read_as_a_small_l_also_where_no_other_sign_stands_for_a_letter() -> None:
    assert readings("a FIoor") == ("a fioor", "a floor")


def test_no_other_capital_letter_is_read_as_a_small_l() -> None:
    assert readings("foX 1amp") == ("fox 1amp", "fox iamp", "fox lamp", "fox 1 amp")


def test_a_pattern_in_another_script_is_found_as_it_was_written() -> None:
    with pytest.raises(Refusal):
        check(["голый король"], ["гол(?:ый|ая)"])


def test_a_word_with_accents_is_found_with_them_and_without() -> None:
    assert readings("țară, ǟb") == ("țară ǟb", "tara ab")


def test_a_combining_mark_does_not_disguise_a_word_in_another_script() -> None:
    with pytest.raises(Refusal):
        check(["го\u0334лы\u0336й король"], ["голый"])


@given(st.text(max_size=300))
def test_readings_are_bounded_and_hold_no_disguise(text: str) -> None:
    found = readings(text)
    assert 1 <= len(found) <= 8
    for reading in found:
        assert len(reading) <= LONGEST_FORM * len(text)
        assert reading == reading.strip()
        assert not set(reading) & set("\u200b\u200c\u2060\ufeff\u202e")


def test_the_table_of_look_alikes_maps_other_letters_to_latin_ones() -> None:
    table = _look_alikes()
    assert len(table) > 500
    assert all(len(one) == 1 and not one.isascii() for one in table)
    assert all(re.fullmatch("[a-z0-9]", letter) for letter in table.values())


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("(a+)+b", "no_bound"),
        (".*.*=", "no_bound"),
        ("a{2,}b", "no_bound"),
        ("(?=a)b", "part_not_allowed"),
        ("(?<!a)b", "part_not_allowed"),
        (r"(a)\1", "part_not_allowed"),
        ("(?P<x>a)(?P=x)", "part_not_allowed"),
        (r"(?:\bärger|\büber)", "part_not_allowed"),
        (r"гол\Bый", "part_not_allowed"),
        ("[", "no_expression"),
        ("[[a]", "no_expression"),
        ("a)|(?:b", "no_expression"),
        (r"\pL", "no_expression"),
        ("x" * 101, "too_long"),
        (".{0,100}", "matches_everything"),
        (r"\w{1,30}", "matches_everything"),
        ("(?:.{0,90}a){0,9}", "too_many_ways"),
        ("((a{0,90}b){0,90}c){0,90}", "too_many_ways"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused_with_the_reason(
    pattern: str, problem: str
) -> None:
    with pytest.raises(PatternError):
        check_pattern(pattern)
    with pytest.raises(Refusal) as refused:
        with_pattern((), pattern)
    assert refused.value.reason == "pattern_invalid"
    assert refused.value.values == {"problem": problem}
    assert f"pattern.{problem}" in texts("en")


@pytest.mark.parametrize(
    "pattern",
    ["(a|a){1,30}b", "(a|aa){1,50}x", "a{0,20}b{0,20}c{0,20}", "(a{0,5}){0,5}",
     "(?:sa|ſa){1,50}", "(?:ia|ıa){1,50}", "(?:µa|μa){1,50}"],
)  # fmt: skip
def test_a_pattern_that_matches_in_many_ways_is_taken_and_stays_fast(pattern: str) -> None:
    assert with_pattern((), pattern) == (pattern,)
    for prompt in ("a" * 6000, "a " * 3000, "sa" * 3000, "ia" * 3000, "μa" * 3000):
        # A search that tries all ways takes minutes.
        assert seconds_of_check(prompt, [pattern]) < 2


def test_the_heaviest_list_is_searched_in_time_for_discord() -> None:
    blocklist = _full_list(f".{{0,90}}{letter}{letter}" for letter in "abcdefghijklmnopqrst")
    letters = random.Random(1)
    prompt = "".join(letters.choice("uvw xyz") for _ in range(6000))
    check(["warm"], blocklist)
    assert seconds_of_check(prompt, blocklist) < 4


@pytest.mark.parametrize(
    ("pattern", "blocked", "free"),
    [
        ("cat", ["a CAT", "cat dog", "Cat."], ["category", "tomcat"]),
        (r"\bcat\b", ["a cat"], ["category"]),
        (r"(?:\bcat|dog\b)s", ["cats"], ["tomcats"]),
        ("ärger", ["Ärger!", "der ÄRGER"], ["ärgern", "verärger"]),
        (r"\bélan\b", ["un élan vital"], ["élans"]),
        (r"гол\w{2}", ["голый король"], ["голова"]),
        (r"\w{2}字", ["漢漢字"], ["字", "a字"]),
        ("ca[^ a]t", ["cart"], ["ca t"]),
        (r"c[\w]t", ["cét"], ["c t"]),
        (r"го[\w]ый", ["голый"], ["го ый"]),
        (r"c[^\-]t", ["cat"], ["ct"]),
        (r"c[a\-o]t", ["cat", "cot"], ["cbt"]),
        (r"cat\.dog", [], ["catdog", "cat.dog"]),
        (r"cat\W{1,3}dog", ["cat - dog"], ["catdog"]),
        (r"\d{2} cats", ["٤٢ cats", "42 cats"], ["4 cats", "xx cats"]),
        ("xa{,2}b", ["xb", "xab"], ["xbb"]),
        ("STRASSE", ["Straße"], ["strass"]),
        ("^cat", ["cat dog"], ["dog cat"]),
        ("cat$", ["dog cat"], ["cat dog"]),
        ("(?:kitty )?cat", ["kitty cat", "cat"], ["kitty"]),
    ],
)
def test_a_pattern_means_what_python_means_for_whole_words(
    pattern: str, blocked: list[str], free: list[str]
) -> None:
    blocklist = with_pattern((), pattern)
    for prompt in blocked:
        with pytest.raises(Refusal):
            check([prompt], blocklist)
    for prompt in free:
        check([prompt], blocklist)


@given(
    st.from_regex(r"(?:[ab]|[ab]\?|[ab]\{0,3\}|\([ab]{1,2}\|[ab]{1,2}\)){1,6}", fullmatch=True),
    st.text("ab ", max_size=20),
)
def test_a_pattern_matches_the_texts_that_pythons_re_matches(pattern: str, text: str) -> None:
    for reading in filter(None, readings(text)):
        words = re.search(rf"\b(?:{pattern})\b", reading)
        empty = re.fullmatch(pattern, "")
        assert bool(words) == bool(compiled(pattern).search(reading)) or empty


@pytest.mark.parametrize(
    "pattern", ["cat", "(?:cat|dog)s?", "cat.{0,20}dog", r"\d{1,3} cats", "c[ao]t"]
)
def test_an_ordinary_pattern_is_taken(pattern: str) -> None:
    assert with_pattern((), f" {pattern} ") == (pattern,)
    assert with_pattern((pattern,), pattern) == (pattern,)
    assert program_size(pattern) <= LARGEST_PROGRAM


def test_a_saved_pattern_that_cannot_be_used_is_ignored_and_the_prompt_is_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    check(["a secret wish"], ["a)|(?:b", "evil"])
    (passed_over,) = caplog.records
    assert passed_over.message == "A saved pattern is ignored"
    assert "secret" not in str(vars(passed_over))
    with pytest.raises(Refusal, match="blocked"):
        check(["an evil wish"], ["a)|(?:b", "evil"])
    assert with_pattern(("a)|(?:b",), "evil") == ("a)|(?:b", "evil")


@pytest.mark.parametrize("pattern", ["x" * 100, "cat", r"\(cat\)"])
def test_a_pattern_of_the_largest_length_is_taken(pattern: str) -> None:
    assert with_pattern((), pattern) == (pattern,)


def test_a_pattern_of_the_largest_program_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    size = program_size("cat")
    monkeypatch.setattr("discord_diffusion.access.patterns.LARGEST_PROGRAM", size)
    check_pattern("cat")
    monkeypatch.setattr("discord_diffusion.access.patterns.LARGEST_PROGRAM", size - 1)
    with pytest.raises(PatternError, match=r"^too_many_ways$"):
        check_pattern("cat")


def test_the_error_of_a_pattern_has_its_detail_or_its_problem() -> None:
    assert str(PatternError("no_bound")) == "no_bound"
    assert str(PatternError("no_bound", "at 3")) == "at 3"


def test_a_list_whose_patterns_are_too_large_together_takes_no_more() -> None:
    known = _full_list(f"cat{number}.{{0,90}}dog" for number in range(20))
    assert 5 <= len(known) < 20
    assert LARGEST_PROGRAMS - LARGEST_PROGRAM < sum(map(program_size, known)) <= LARGEST_PROGRAMS


def _full_list(patterns: Iterable[str]) -> tuple[str, ...]:
    """A list that holds the first of the patterns and takes no more."""
    known: tuple[str, ...] = ()
    for pattern in patterns:
        before = known
        with contextlib.suppress(Refusal):
            known = with_pattern(known, pattern)
        if known == before:
            break
    with pytest.raises(Refusal, match="patterns_full"):
        with_pattern(known, pattern)
    return known


def test_a_list_may_be_as_large_as_it_says_and_patterns_that_are_ignored_count_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ignored = "a)|(?:b"
    size = program_size("cat") + program_size("dog")
    monkeypatch.setattr("discord_diffusion.access.blocklist.LARGEST_PROGRAMS", size)
    assert with_pattern((ignored, "cat"), "dog") == (ignored, "cat", "dog")
    monkeypatch.setattr("discord_diffusion.access.blocklist.LARGEST_PROGRAMS", size - 1)
    with pytest.raises(Refusal, match=r"^patterns_full$"):
        with_pattern((ignored, "cat"), "dog")


def test_a_list_takes_no_more_than_a_hundred_patterns() -> None:
    known = tuple(f"word{number}" for number in range(MOST_PATTERNS))
    assert with_pattern(known, "word7") == (*known[:7], *known[8:], "word7")
    with pytest.raises(Refusal, match="patterns_full"):
        with_pattern(known, "another")


def test_a_check_without_patterns_of_a_guild_does_not_import_re2() -> None:
    script = (
        "import sys; from discord_diffusion.access.blocklist import check; check(['a cat'], ());"
        "assert 're2' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT / "src")
