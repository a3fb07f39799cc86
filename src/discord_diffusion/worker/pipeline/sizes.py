"""What size is asked for, and what size the model draws for it."""

import math

from discord_diffusion.worker.pipeline.batch import PictureOrder
from discord_diffusion.worker.pipeline.loaded_model import LoadedModel


def asked_size(order: PictureOrder) -> tuple[int, int]:
    """Width and height of the finished picture."""
    parameters = order.parameters
    scale = parameters.source.scale if parameters.source else 1
    return parameters.width * scale, parameters.height * scale


def drawn_size(model: LoadedModel, order: PictureOrder) -> tuple[int, int]:
    """The same or a little more, where the model's networks need a larger multiple."""
    width, height = (
        math.ceil(side / model.multiple) * model.multiple for side in asked_size(order)
    )
    return width, height


def drawn_shape(model: LoadedModel, order: PictureOrder) -> tuple[int, int, bool]:
    """What has to be the same for compiled code to be of use: guidance doubles the rows."""
    return *drawn_size(model, order), order.parameters.guidance > 1
