"""Ages below eighteen are told from other numbers by the words beside them."""

import pytest

from discord_diffusion.access.ages import AgeWords
from discord_diffusion.access.terms import numbers


def ages() -> AgeWords:
    """The words of ages as they are in the table."""
    return AgeWords.of(numbers(), str)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("12 yo tree", [0]),
        ("a 12 year old", [1]),
        ("a twelve years old", [1]),
        ("a 12 years tree", []),
        ("a 12 tree", []),
        ("0012 years old", [0]),
        ("17 years of age", [0]),
        ("18 years of age", []),
        ("xiv years old", [0]),
        ("im alter von 12", [3]),
        ("age 12", [1]),
        ("age 18", []),
        ("age 12 hours", []),
        ("age 12 of the", []),
        ("between the ages of 12", [4]),
        ("under 18", [1]),
        ("under eighteen", [1]),
        ("under 19", []),
        ("under 18 minutes", []),
        ("por debajo de 12", [3]),
        ("twenty five years old", []),
        ("treinta y cinco años", []),
        ("hace 12 años", []),
        ("20 months old", [0]),
        ("120 months old", [0]),
        ("10000 months old", []),
        ("seventy months old", []),
        ("dix sept ans", [0]),
        ("dix huit ans", []),
        ("dix neuf ans", []),
        ("moins de dix huit ans", [2]),
        ("dix ans", [0]),
        ("zwölfjährig", [0]),
        ("zwölfjährige", [0]),
        ("zwölfjahre", []),
        ("zwanzigjährig", []),
        ("zwölfjährig 12 yo", [0, 1]),
        ("25 yo 12 yo", [2]),
        ("twenty five yo 12 yo", [3]),
        ("for 12 yo 12 yo", [3]),
        ("5 minutes 12 yo", [2]),
        ("", []),
    ],
)
def test_a_number_is_an_age_below_eighteen_where_the_words_beside_it_say_so(
    text: str, places: list[int]
) -> None:
    assert list(ages().minors(text.split())) == places


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("girl", []),
        ("adult girl", [1]),
        ("grown up girl", [2]),
        ("girl adult", []),
        ("girl 18", [0]),
        ("girl 17", []),
        ("girl 100", [0]),
        ("girl 110", [0]),
        ("girl 111", []),
        ("girl twenty", []),
        ("girl who is aged 25", [0]),
        ("girl who is 25", [0]),
        ("girl age 25", [0]),
        ("girl in 25", []),
        ("girl who", []),
        ("25 yo girl", [2]),
        ("25 years old girl", [3]),
        ("25 years of age girl", [4]),
        ("17 years of age girl", []),
        ("tree yo girl", []),
        ("yo girl 17 25", []),
        ("25 tree girl", []),
        ("girl 25 girl", [0]),
        ("girl and adult girl", [3]),
    ],
)
def test_a_girl_is_an_adult_where_an_adults_age_stands_beside(text: str, places: list[int]) -> None:
    assert list(ages().adults(text.split(), lambda word: word == "girl")) == places


def test_the_words_of_ages_are_found_as_texts_are_written() -> None:
    loud = AgeWords.of(["dix sept", "twelve"], str.upper)
    for text in ("TWELVE YEARS OLD", "DIX SEPT ANS", "AGE TWELVE", "XII YO", "UNDER EIGHTEEN"):
        assert list(loud.minors(text.split())), text
        assert not list(loud.minors(text.lower().split())), text
    assert list(loud.minors(["TWELVEJÄHRIG"])) == [0]
    assert list(loud.adults(["ADULT", "GIRL"], "GIRL".__eq__)) == [1]
