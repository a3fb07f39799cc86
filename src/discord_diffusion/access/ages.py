"""Ages below eighteen among the words of a text, in digits and in words."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

_YEARS = (
    "y o, yo, yos, y old, yr old, yrs old, yr olds, yrs, yr, yold, year old, years old, year olds, "
    "years olds, yearold, years of age, year of age, years young, year young, y, "
    "piges, "
    "jahre, jahren, jahr, jährig, jährige, jähriger, jähriges, jährigen, jährigem, jaehrige, "
    "jaehriges, jaehriger, jaehrigen, años, añitos, anitos, aninhos, anos, ans, anni, jaar, jarig, "
    "jarige, lat, letnia, letni, летняя, летний, летнюю, летней, летние, лет, года, yaşında"
)
_BELOW_A_YEAR = (
    "month old, months old, months of age, month olds, mo old, week old, weeks old, weeks of age, "
    "day old, days old, monate alt, monate alter, meses, mois, mesi, месяцев"
)
_BEFORE = (
    "age, aged, ages, age of, age is, aged only, turning, turned, edad, edad de, idade, idade de, "
    "alter, im alter von, alter von, âge, âge de, âgée de, âgé de, âgées de, âgés de, leeftijd, "
    "età, wiek, возраст, she is, he is, shes, hes, who is, woman is, looks like, looks, "
    "looks like a, her age, his age, lady of, woman of, man of, person of, someone of, female of, "
    "male of, aged between, ages between, between the ages of, between age"
)
_BELOW = (
    "under, below, less than, younger than, not yet, menor de, menores de, menos de, "
    "por debajo de, moins de, unter, jünger als, abaixo de, onder de, sotto i, poniżej, младше"
)
_NOT_AN_AGE = (
    "twenty, thirty, forty, fourty, fifty, sixty, seventy, eighty, ninety, hundred, hundred and, "
    "thousand, veinte, treinta y, cuarenta y, cincuenta y, sesenta y, setenta y, ochenta y, "
    "noventa y, ciento, mil, vingt, vingt et, trente, trente et, quarante, quarante et, cinquante, "
    "cinquante et, soixante, soixante et, dix, cent, mille, vinte e, trinta e, quarenta e, "
    "cinquenta e, sessenta e, setenta e, oitenta e, noventa e, cento e, "
    "hace, desde hace, durante, depuis, pendant, il y a, há, faz, seit, vor, dans, for, after, nach"
)
"""Words before a number that make it larger, or a duration."""
_MEASURES = (
    "minutes, minute, min, hours, hour, h, km, m, cm, euros, euro, dollars, percent, degrees, "
    "feet, to, of, of the, in the, stunden, minuten, horas, heures, metres, meters"
)
"""Words after a number that make it something else than an age."""
_ADULT = (
    "adult, grown, grown up, mature, erwachsene, erwachsenes, erwachsener, adulta, adulto, adulte"
)
_EIGHTEEN = "eighteen, achtzehn, dieciocho, dezoito, diciotto"
_ROMAN = "i, ii, iii, iv, v, vi, vii, viii, ix, x, xi, xii, xiii, xiv, xv, xvi, xvii"
_MAJORITY = 18
_OLDEST = 110
_LONGEST_PHRASE = 4
"""Words of the longest phrase beside a number."""


@dataclass(frozen=True)
class AgeWords:
    """The words around ages as they look in texts that are written in one way."""

    numbers: frozenset[str]
    """Numbers up to seventeen in words."""
    eighteen: frozenset[str]
    years: frozenset[str]
    below_a_year: frozenset[str]
    before: frozenset[str]
    below: frozenset[str]
    not_an_age: frozenset[str]
    measures: frozenset[str]
    adult: frozenset[str]
    years_at_end: tuple[str, ...]
    """Endings that make a word of a number an age, as in German."""

    @classmethod
    def of(cls, numbers: Iterable[str], write: Callable[[str], str]) -> "AgeWords":
        """The words, each written by `write`."""

        def written(phrases: str) -> frozenset[str]:
            return frozenset(" ".join(map(write, one.split())) for one in phrases.split(", "))

        years = written(_YEARS)
        return cls(
            numbers=frozenset(" ".join(map(write, one.split())) for one in numbers)
            | written(_ROMAN),
            eighteen=written(_EIGHTEEN),
            years=years,
            below_a_year=written(_BELOW_A_YEAR),
            before=written(_BEFORE),
            below=written(_BELOW),
            not_an_age=written(_NOT_AN_AGE),
            measures=written(_MEASURES),
            adult=written(_ADULT),
            years_at_end=tuple(one for one in years if len(one) > 5),
        )

    def minors(self, words: Sequence[str]) -> Iterator[int]:
        """The places of numbers that are ages below eighteen."""
        for place, word in enumerate(words):
            if self._is_compound(word):
                yield place
                continue
            value = _value(word)
            two = " ".join(words[place : place + 2]) in self.numbers
            in_words = two or word in self.numbers
            small = in_words or (value is not None and value < _MAJORITY)
            majority = value == _MAJORITY or word in self.eighteen
            if not (small or majority or value is not None):
                continue
            after = _phrases_after(words, place + 1 + two)
            if any(phrase in self.below_a_year for phrase in after):
                yield place
            if not (small or majority) or _ends(words, place, self.not_an_age):
                continue
            measured = any(phrase in self.measures for phrase in _phrases_after(words, place + 1))
            if small and any(phrase in self.years for phrase in after):
                yield place
            elif measured:
                continue
            elif (small and _ends(words, place, self.before)) or _ends(words, place, self.below):
                yield place

    def adults(self, words: Sequence[str], young: Callable[[str], bool]) -> Iterator[int]:
        """The places of words such as "girl" beside which the text states an adult's age."""
        for place, word in enumerate(words):
            if not young(word):
                continue
            following = words[place + 1 : place + 5]
            while following and following[0] in ("who", "is", "age", "aged"):
                following = following[1:]
            aged_before = any(
                place > length
                and " ".join(words[place - length : place]) in self.years
                and _is_adult(words[place - length - 1])
                for length in (1, 2, 3)
            )
            aged_after = following and _is_adult(following[0])
            if aged_before or aged_after or _ends(words, place, self.adult):
                yield place

    def _is_compound(self, word: str) -> bool:
        return any(
            word.endswith(ending) and word[: -len(ending)] in self.numbers
            for ending in self.years_at_end
        )


def _value(word: str) -> int | None:
    return int(word) if word.isdecimal() and len(word) <= 4 else None


def _is_adult(word: str) -> bool:
    value = int(word) if word.isdecimal() and len(word) <= 3 else 0
    return _MAJORITY <= value <= _OLDEST


def _phrases_after(words: Sequence[str], place: int) -> list[str]:
    return [" ".join(words[place : place + length]) for length in range(1, _LONGEST_PHRASE)]


def _ends(words: Sequence[str], place: int, phrases: frozenset[str]) -> bool:
    """Whether one of the phrases stands before a place."""
    return any(
        " ".join(words[place - length : place]) in phrases
        for length in range(1, min(place, _LONGEST_PHRASE) + 1)
    )
