"""Leaves chunks of a PNG file out that have no part in the picture, before Pillow reads them.

Pillow refuses a file for large texts, a colour profile that can't be unpacked and frames that are
out of order, all of which viewers pass over: https://www.w3.org/TR/png-3/#5Chunk-layout
"""

from collections.abc import Collection

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_AROUND_DATA = 12
"""Bytes of a chunk beside its data: the length and the type before it, the checksum behind it."""

BESIDE = frozenset({b"tEXt", b"zTXt", b"iTXt", b"acTL", b"fcTL", b"fdAT"})
"""Texts, and the frames of an animation: what is left is the picture of programs without them."""
PROFILES = frozenset({b"iCCP"})


def without(content: bytes, types: Collection[bytes]) -> bytes:
    """The file without the chunks of these types; what is no PNG file, and its end, unchanged."""
    if not content.startswith(_SIGNATURE):
        return content
    kept, start = [_SIGNATURE], len(_SIGNATURE)
    while start + _AROUND_DATA <= len(content):
        end = start + _AROUND_DATA + int.from_bytes(content[start : start + 4], "big")
        if content[start + 4 : start + 8] not in types:
            kept.append(content[start:end])
        start = end
    return b"".join([*kept, content[start:]])
