"""Tokenizers as they are published, which need more than the toys' tokenizers do."""

from pathlib import Path

import sentencepiece
from transformers import T5Tokenizer


def test_a_t5_tokenizer_that_is_a_sentencepiece_model_alone_is_loaded(tmp_path: Path) -> None:
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["a red circle on a white ground", "two green squares"] * 4),
        model_prefix=str(tmp_path / "spiece"),
        vocab_size=40,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    tokenizer = T5Tokenizer.from_pretrained(tmp_path)
    numbers = tokenizer("a red circle").input_ids
    assert tokenizer.decode(numbers, skip_special_tokens=True) == "a red circle"
