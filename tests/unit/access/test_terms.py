"""Terms are found in a text whole, in pieces, with endings and two in one word."""

from collections.abc import Iterator

import pytest

from discord_diffusion.access import terms as module
from discord_diffusion.access.terms import Lexicon, Meaning, Token, numbers, real_words, tokens

TABLE = {
    "one language": {
        "minor": ["child, kid*", "young person"],
        "young": "mira, lassie",
        "sexual": "penis, sodomy, sex, bare, bares, mira, nude*, jkst",
        "harmless": "nude colour, mole sex",
        "numbers": "twelve, dix sept",
    },
    "another": {"minor": "jk, school*", "numbers": ""},
    "chinese japanese korean": {"minor": "子"},
    "needs": {"bare": "child, young man", "mira": "mira"},
    "common": "pen, is, so, do, my, s, e, x",
    "words": "colt, noten",
}


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small table in place of the shipped one."""
    monkeypatch.setattr(module, "table", lambda: TABLE)


def lexicon() -> Lexicon:
    return Lexicon.of(str, lambda _term, _written: True)


def found(text: str, present: str = "") -> Iterator[tuple[str, int]]:
    for meaning, place in lexicon().find(tokens(text), frozenset(present.split())):
        yield str(meaning.name), place


def test_a_token_knows_whether_a_space_parts_it_from_the_one_before() -> None:
    assert tokens(" a b-c, 12yo") == [
        Token("a", True),
        Token("b", True),
        Token("c", False),
        Token("12", True),
        Token("yo", False),
    ]


def test_a_lexicon_has_the_terms_as_they_are_written_that_fit() -> None:
    loud = Lexicon.of(str.upper, lambda term, written: (term, written) != ("sodomy", "SODOMY"))
    assert loud.meanings == {
        "CHILD": Meaning.MINOR,
        "KID": Meaning.MINOR,
        "YOUNGPERSON": Meaning.MINOR,
        "MIRA": Meaning.YOUNG | Meaning.SEXUAL,
        "PENIS": Meaning.SEXUAL,
        "LASSIE": Meaning.YOUNG,
        "SEX": Meaning.SEXUAL,
        "BARE": Meaning.SEXUAL,
        "BARES": Meaning.SEXUAL,
        "NUDE": Meaning.SEXUAL,
        "JKST": Meaning.SEXUAL,
        "NUDECOLOUR": Meaning.HARMLESS,
        "MOLESEX": Meaning.HARMLESS,
        "JK": Meaning.MINOR,
        "SCHOOL": Meaning.MINOR,
    }
    assert loud.prefixes == {
        "KID": Meaning.MINOR,
        "NUDE": Meaning.SEXUAL,
        "SCHOOL": Meaning.MINOR,
    }
    assert loud.phrases == {"YOUNG PERSON", "NUDE COLOUR", "MOLE SEX"}
    assert loud.needs == {
        "BARE": {"child", "young man", "CHILD", "YOUNG MAN"},
        "MIRA": {"mira"},
    }
    assert loud.common == {"PEN", "IS", "SO", "DO", "MY", "S", "E", "X"}
    assert {one for one in loud.beginnings if one[0] == "Y"} == {
        "Y", "YO", "YOU", "YOUN", "YOUNG", "YOUNGP",
    }  # fmt: skip
    assert "" not in loud.beginnings


def test_a_prefix_of_two_languages_has_the_meanings_of_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two = TABLE | {"third": {"young": "school*", "numbers": ""}}
    monkeypatch.setattr(module, "table", lambda: two)
    assert lexicon().prefixes["school"] == Meaning.MINOR | Meaning.YOUNG


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("a child and sex", [("MINOR", 1), ("SEXUAL", 3)]),
        ("young person", [("MINOR", 0)]),
        ("young and person", []),
        ("nude colour", []),
        ("mole sex", []),
        ("mole sex sex", [("SEXUAL", 2)]),
        ("nude and colour", [("SEXUAL", 0)]),
        ("nude colour nude", [("SEXUAL", 2)]),
        ("pen-is", [("SEXUAL", 0)]),
        ("pen is", []),
        ("pe nis", [("SEXUAL", 0)]),
        ("so do my", []),
        ("s e x", [("SEXUAL", 0)]),
        ("se x", [("SEXUAL", 0)]),
        ("schools", [("MINOR", 0)]),
        ("kidney", []),
        ("school" + "x" * 20, [("MINOR", 0)]),
        ("school" + "x" * 21, []),
        ("childsex", [("MINOR|SEXUAL", 0)]),
        ("sexchild", [("MINOR|SEXUAL", 0)]),
        ("sexlassie", [("YOUNG|SEXUAL", 0)]),
        ("chisex", []),
        ("sexchi", []),
        ("sexsodomy", []),
        ("childkid", []),
        ("jksex", []),
        ("sexjk", []),
        ("childbare", []),
        ("childbares", [("MINOR|SEXUAL", 0)]),
        ("bareschild", [("MINOR|SEXUAL", 0)]),
        ("bare", []),
        ("bare child", [("SEXUAL", 0), ("MINOR", 1)]),
        ("mira", [("YOUNG|SEXUAL", 0)]),
        ("子", []),
        ("twelve colt", []),
    ],
)
def test_terms_are_found_with_the_place_of_their_first_word(
    text: str, terms: list[tuple[str, int]]
) -> None:
    assert list(found(text)) == terms


def test_a_term_that_needs_a_word_is_found_where_the_user_wrote_that_word() -> None:
    assert list(found("bare", present="child")) == [("SEXUAL", 0)]


def test_numbers_and_words_that_only_look_like_terms_are_those_of_the_table() -> None:
    assert numbers() == ["twelve", "dix sept"]
    real_words.cache_clear()
    assert real_words() == {"colt", "noten"}
    real_words.cache_clear()


def test_the_terms_are_in_lower_case_and_without_those_of_languages_that_write_no_spaces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = {
        "one language": {"minor": "Child", "numbers": "twelve"},
        "chinese japanese korean": {"minor": "子"},
        "needs": {"child": "x"},
        "common": "x",
        "words": "y",
        "another": {"always": ["a", "B c*"]},
    }
    monkeypatch.setattr(module, "table", lambda: small)
    assert list(module.terms()) == [
        (Meaning.MINOR, "child"),
        (Meaning.ALWAYS, "a"),
        (Meaning.ALWAYS, "b c*"),
    ]
