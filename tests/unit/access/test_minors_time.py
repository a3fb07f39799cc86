"""A prompt of any kind is read by the shipped rules in time for Discord."""

import random
import time

from discord_diffusion.access.minors import asks_for_minors

LONGEST = 6000


def test_a_prompt_of_the_greatest_length_takes_a_bounded_time() -> None:
    letters = random.Random(1)
    prompts = [
        *(text * (LONGEST // len(text)) for text in
          ("nude ", "child 1", "a", "a ", "12 yo ", "1 ", "x*y ", "*a", "ab-", "a_", "!", "a!", "ß",
           "twenty ", "猫が好き、", "裸足", "n ", "ni ", "schoolgir ", "l", "&amp;", "year old ",
           "👧", "👧🔞", "㎨", "⑴", "ŉ")),
        *("".join(letters.choice("abcdilno 1-*!") for _ in range(LONGEST)) for _ in range(20)),
    ]  # fmt: skip
    asks_for_minors("warm")
    for prompt in prompts:
        # Once more only where the machine may have held it up.
        assert _seconds(prompt, checks=1) < 0.25 or _seconds(prompt) < 0.25, prompt[:20]


def test_the_time_grows_with_the_length_and_not_with_its_square() -> None:
    for text in ("a ", "a!", "x*y ", "1 ", "ab-"):
        short, long = (_seconds(text * (size // len(text))) for size in (1500, 6000))
        assert long < 12 * max(short, 0.001), text


def _seconds(prompt: str, checks: int = 3) -> float:
    """The processor's time of the fastest of so many checks."""
    took = []
    for _ in range(checks):
        began = time.thread_time()
        asks_for_minors(prompt)
        took.append(time.thread_time() - began)
    return min(took)
