"""Weights in prompts: `a (red:1.3) circle` stresses a word, `(red:0.7)` weakens it. Pure.

The form is that of AUTOMATIC1111's web UI, of which only parentheses with a number are read here:
all others are what they were, characters of the prompt.
https://github.com/AUTOMATIC1111/stable-diffusion-webui/wiki/Features#attentionemphasis
"""

import re

WEIGHTED = re.compile(r"\(([^():\\]+):(\d{1,3}(?:\.\d{1,6})?|\.\d{1,6})\)")
"""A part of a prompt with its weight."""


def without_weights(prompt: str) -> str:
    """The words that a model reads: each weighted part is read apart from what is beside it."""
    return WEIGHTED.sub(r" \1 ", prompt)
