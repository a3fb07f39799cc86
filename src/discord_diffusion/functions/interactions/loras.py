"""The option `lora`: up to three LoRAs in one text, `ink:0.8, gold`, and what completes it."""

import re
from collections.abc import Iterator, Mapping

from discord_diffusion.jobs.loras import MOST, ChosenLora, LoraSpec, read_set, set_text
from discord_diffusion.jobs.options import LORA_NAME, LORA_WEIGHT
from discord_diffusion.jobs.parameters import GenerationParameters
from discord_diffusion.jobs.refusal import Refusal

_NUMBER = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,9})?")


def chosen_loras(text: str | None, known: Mapping[str, LoraSpec]) -> str | None:
    """The set that a user's text names, as jobs have it; a LoRA without a weight has its own.

    Raises:
        Refusal: one is unknown or has no weight that is allowed, or there are too many.
    """
    parts = [part.strip() for part in (text or "").split(",") if part.strip()]
    named = [_chosen(part, known) for part in parts]
    chosen = {lora.name: lora for lora in named}
    if len(chosen) > MOST or len(chosen) < len(parts):
        raise Refusal("lora_count", most=MOST)
    return set_text(chosen.values()) or None


def check_loras(parameters: GenerationParameters, known: Mapping[str, LoraSpec]) -> None:
    """Check the LoRAs of a request that may be older than the deployment's list.

    Raises:
        Refusal: one is not there any more, or is for another model.
    """
    for lora in read_set(parameters.lora) if parameters.lora else ():
        if parameters.model not in _spec(lora.name, known).models:
            raise Refusal("lora_model", name=lora.name)


def suggestions(typed: str, known: Mapping[str, LoraSpec], model: str | None) -> dict[str, str]:
    """What a text may be continued to, from what is shown to the value."""
    *before, last = typed.split(",")
    begun = [part.strip() for part in before if part.strip()]
    if len(begun) >= MOST:
        return {}
    used = {part.partition(":")[0].strip().lower() for part in begun}
    found = [name for name in _of_model(known, model) if name not in used]
    fitting = [name for name in found if last.partition(":")[0].strip().lower() in name]
    texts = [", ".join([*begun, str(ChosenLora(name, known[name].weight))]) for name in fitting]
    return {text: text for text in texts}


def _of_model(known: Mapping[str, LoraSpec], model: str | None) -> Iterator[str]:
    return (name for name, spec in known.items() if model in spec.models)


def _chosen(part: str, known: Mapping[str, LoraSpec]) -> ChosenLora:
    name, colon, weight = (piece.strip() for piece in part.partition(":"))
    spec = _spec(name.lower(), known)
    if not colon:
        return ChosenLora(name.lower(), spec.weight)
    low, high = LORA_WEIGHT
    if not _NUMBER.fullmatch(weight) or not low <= float(weight) <= high:
        raise Refusal("lora_weight", name=name.lower(), low=f"{low:g}", high=f"{high:g}")
    return ChosenLora(name.lower(), round(float(weight), 2))


def _spec(name: str, known: Mapping[str, LoraSpec]) -> LoraSpec:
    if name not in known:
        # What no LoRA can be called is not shown: it may be anything.
        raise Refusal("lora_unknown", name=name if LORA_NAME.fullmatch(name) else "?")
    return known[name]
