"""Why a job came to nothing, in words for its user. By key, so that they can be said in any tongue.

Each says what happened, that it was not charged, and what to do.
"""

TEXTS = {
    "failed.unreadable": "This request could not be read, and was not charged. "
    "Please ask again in a few minutes.",
    "failed.expired": "This could not be drawn within the 15 minutes that Discord gives an answer. "
    "It was not charged; please try again.",
    "failed.before": "This could not be drawn, and was not charged. Please try again.",
    "failed.too_large": "The pictures are larger than this server accepts. This was not charged; "
    "please ask for fewer or smaller ones.",
    "failed.memory": "There is not enough graphics memory for this. It was not charged; "
    "please ask for fewer or smaller pictures.",
    "failed.blank": "The model drew nothing but black. This was not charged; "
    "please try another seed or other words.",
    "failed.unsupported": "The model cannot draw this as asked. It was not charged; "
    "please choose another size, model or scheduler.",
    "failed.drawing": "Something went wrong while drawing. This was not charged; "
    "please try again, perhaps worded differently.",
    "failed.source_refused": "The picture to begin from could not be used. This was not charged; "
    "please send it again as PNG, JPEG or WebP.",
    "failed.source_unavailable": "The picture to begin from could not be fetched from Discord. "
    "This was not charged; please try again.",
    "failed.delivery": "The pictures could not be delivered. This was not charged; "
    "please try again.",
    "failed.refused": "Discord did not accept the pictures. This was not charged; "
    "please try again.",
    "failed.stopped": "The machine that was drawing this has been stopped. This was not charged; "
    "please try again.",
    "failed.unknown": "Something went wrong. This was not charged; please try again.",
}


def text_of(key: str) -> str:
    """The sentence behind a key."""
    return TEXTS[key]
