"""Long and weighted prompts for models whose text encoders are all CLIP's, which read 75 tokens.

The tokens are encoded in chunks of 75, and the chunks joined: cross-attention takes any number of
them. A prompt that fits into one chunk and has no weights is left to the pipeline, so that its
pictures stay what they are. docs/decisions/0605 says why no library does this.
"""

import logging
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.worker.pipeline import interface
from discord_diffusion.worker.pipeline.batch import BatchItem
from discord_diffusion.worker.pipeline.prompt_tokens import Token, chunks, has_weights, tokens

log = logging.getLogger(__name__)

MOST_CHUNKS = 4
"""Of a prompt: the denoiser computes 2 % more for it with SD 1.5, and 4 % with SDXL."""
_MARKS = 2
"""The tokens of a chunk that say where it begins and ends."""
_PENULTIMATE = -2
"""The layer whose states SDXL takes."""
_LARGEST_RATIO = 10.0
"""Of a chunk's mean before it is weighted and afterwards."""


def reads_chunks(pipe: Any) -> bool:
    """Whether a model's prompts can be encoded in chunks."""
    encoders = _encoders(pipe)
    return (
        bool(encoders)
        and getattr(pipe, "tokenizer_3", None) is None
        and all(type(one).__name__.startswith("CLIP") for pair in encoders for one in pair)
        and "prompt_embeds" in interface.parameters(type(pipe))
    )


def by_chunks(pipe: Any, items: Sequence[BatchItem]) -> list[Sequence[BatchItem]]:
    """Items in groups whose prompts have equally many chunks, in the order of the first of each.

    What a prompt is drawn with changes no picture: none is padded because another one is longer.
    """
    if not reads_chunks(pipe):
        return [items]
    numbers = {item: _number(pipe, item.parameters) for item in items}
    ordered = sorted(items, key=numbers.__getitem__)
    return [list(group) for _, group in groupby(ordered, key=numbers.__getitem__)]


def arguments(pipe: Any, items: Sequence[BatchItem]) -> Mapping[str, Any]:
    """The arguments of a call in place of its prompts; empty if the pipeline encodes them itself.

    The items must be of one group of `by_chunks`.
    """
    number = _number(pipe, items[0].parameters) if reads_chunks(pipe) else 0
    if not number:
        return {}
    asked = [_encoded(pipe, item.parameters.drawn_prompt, number) for item in items]
    against = [
        _encoded(pipe, item.parameters.drawn_negative_prompt, number, negative=True)
        for item in items
    ]
    given = {
        "prompt": None,
        "negative_prompt": None,
        "prompt_embeds": torch.cat([embeds for embeds, _pooled in asked]),
        "negative_prompt_embeds": torch.cat([embeds for embeds, _pooled in against]),
    }
    if getattr(pipe, "text_encoder_2", None) is not None:
        pooled = [[one for _embeds, one in of if one is not None] for of in (asked, against)]
        given["pooled_prompt_embeds"] = torch.cat(pooled[0])
        given["negative_pooled_prompt_embeds"] = torch.cat(pooled[1])
    return given


def read_length(pipe: Any, prompt: str) -> int:
    """How many characters of a prompt such a model reads."""
    lengths = [
        _read_length(tokens(tokenizer, prompt), _length(tokenizer) * MOST_CHUNKS, len(prompt))
        for tokenizer, _encoder in _encoders(pipe)
    ]
    return max(lengths)


def _read_length(whole: Sequence[Token], most: int, length: int) -> int:
    return whole[most].place if len(whole) > most else length


def _number(pipe: Any, parameters: GenerationParameters) -> int:
    """How many chunks the longer of the prompts has; 0 if the pipeline encodes both by itself."""
    prompts = (parameters.drawn_prompt, parameters.drawn_negative_prompt)
    try:
        longest = max(
            len(chunks(_tokens(pipe, tokenizer, prompt), _length(tokenizer)))
            for tokenizer, _encoder in _encoders(pipe)
            for prompt in prompts
        )
    except NotImplementedError as error:
        log.warning("The prompt is read as one chunk", extra={"reason": str(error)})
        return 0
    if longest == 1 and not any(map(has_weights, prompts)):
        return 0
    return min(longest, MOST_CHUNKS)


def _encoders(pipe: Any) -> list[tuple[Any, Any]]:
    """The tokenizers and text encoders of a pipeline."""
    names = (("tokenizer", "text_encoder"), ("tokenizer_2", "text_encoder_2"))
    pairs = [tuple(getattr(pipe, name, None) for name in pair) for pair in names]
    return [(pair[0], pair[1]) for pair in pairs if None not in pair]


def _tokens(pipe: Any, tokenizer: Any, prompt: str) -> list[Token]:
    """The tokens of a prompt, those of an embedding with several vectors in full."""
    written_out = getattr(pipe, "maybe_convert_prompt", None)
    return tokens(tokenizer, written_out(prompt, tokenizer) if written_out else prompt)


def _length(tokenizer: Any) -> int:
    """The tokens of a chunk, without its marks."""
    return int(tokenizer.model_max_length) - _MARKS


@torch.inference_mode()
def _encoded(
    pipe: Any, prompt: str, number: int, *, negative: bool = False
) -> tuple[Tensor, Tensor | None]:
    """The states of so many chunks as (1, tokens, channels), and SDXL's pooled state (1, channels).

    The chunks that a prompt lacks are empty. SDXL's empty negative prompt is all zeros, as its
    configuration says.
    """
    states, pooled = [], None
    for tokenizer, encoder in _encoders(pipe):
        parts = chunks(_tokens(pipe, tokenizer, prompt), _length(tokenizer))[:number]
        parts += [()] * (number - len(parts))
        found = [_encoded_chunk(pipe, tokenizer, encoder, part) for part in parts]
        states.append(torch.cat([state for state, _pooled in found], dim=1))
        pooled = found[0][1]
    joined = torch.cat(states, dim=-1)
    zeros = negative and not prompt and pipe.config.get("force_zeros_for_empty_prompt")
    if zeros:
        joined, pooled = torch.zeros_like(joined), pooled if pooled is None else pooled * 0
    return joined, pooled


def _encoded_chunk(
    pipe: Any, tokenizer: Any, encoder: Any, part: Sequence[Token]
) -> tuple[Tensor, Tensor | None]:
    """The states of one chunk, weighted, and its pooled state."""
    empty = (tokenizer.pad_token_id, 1.0)
    inside = [(token.id, token.weight) for token in part]
    begin, end = (tokenizer.bos_token_id, 1.0), (tokenizer.eos_token_id, 1.0)
    padding = [empty] * (_length(tokenizer) - len(inside))
    # The padding follows the mark of the end, as the tokenizers have it.
    places = [begin, *inside, end, *padding]
    ids = torch.tensor([[one for one, _weight in places]], device=pipe._execution_device)
    several = getattr(pipe, "text_encoder_2", None) is not None
    output = encoder(ids, output_hidden_states=several)
    state = output.hidden_states[_PENULTIMATE] if several else output[0]
    weights = torch.tensor([weight for _one, weight in places]).to(state)
    if bool((weights != 1).any()):
        state = stressed(state, weights)
    return state, output[0] if several else None


def stressed(state: Tensor, weights: Tensor) -> Tensor:
    """States (1, tokens, channels) times the weights of their tokens.

    The mean stays, as other tools have it: weights stress, and do not brighten. But states may be
    negative, so weights can cancel the mean: nothing becomes more than ten times as large.
    """
    weighted = state * weights[None, :, None]
    ratio = (state.float().mean() / weighted.float().mean()).nan_to_num(1.0)
    return weighted * ratio.clamp(1 / _LARGEST_RATIO, _LARGEST_RATIO).to(state)
