"""The judge stays right on pictures that went through the committed autoencoder."""

from itertools import islice

import numpy as np
import torch

from fixtures.model.check.judge import read
from fixtures.model.check.loading import load
from fixtures.model.check.verdict import judge
from fixtures.model.train.data import samples
from fixtures.model.train.draw import draw
from fixtures.model.train.vae import to_tensor
from fixtures.model.train.words import parse


@torch.no_grad()
def test_rebuilt_pictures_are_read_as_the_drawn_ones() -> None:
    vae = load().vae
    drawn = list(islice(samples(13), 120))
    rebuilt = vae.decode(vae.encode(to_tensor([draw(s.layout) for s in drawn])).latents).sample
    values = ((rebuilt.clamp(-1, 1) + 1) * 127.5).round().permute(0, 2, 3, 1)
    pictures = values.numpy().astype(np.uint8)
    right = [
        judge(parse(sample.captions[0]), read(picture)).wholly
        for sample, picture in zip(drawn, pictures, strict=True)
    ]
    assert sum(right) >= 0.99 * len(right)
