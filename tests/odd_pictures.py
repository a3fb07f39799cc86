"""Picture files as people have them: made here, each odd in the way of files found in the wild."""

import base64
import io
import struct
import zlib

import numpy as np
from PIL import Image

HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAVZtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAA"
    "AAAAAAAAAAAAACJpbG9jAAAAAERAAAEAAQAAAAABegABAAAAAAAAADMAAAAjaWluZgAAAAAAAQAAABVpbmZlAgAA"
    "AAABAABodmMxAAAAAA5waXRtAAAAAAABAAAA1mlwcnAAAAC3aXBjbwAAAHhodmNDAQNwAAAAkAAAAAAAHvAA/P34"
    "+AAADwNgAAEAGEABDAH//wNwAAADAJAAAAMAAAMAHroCQGEAAQArQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbqSSmu"
    "bgIaDAgAAAMAyAAAAwAIQGIAAQAHRAHBcrAiQAAAABNjb2xybmNseAABAA0ABoAAAAAUaXNwZQAAAAAAAABAAAAA"
    "QAAAABBwaXhpAAAAAAMICAgAAAAXaXBtYQAAAAAAAAABAAEEgQIDBAAAADttZGF0AAAALygBrxOA5TPAn//4ZCiv"
    "/gIdX+/UyqVvrTU//4VDRf1ohBCJ9IyI/9pXnf7EaHf4"
)
"""A photograph of 64 x 64 as iPhones save it: red, its top left quarter blue. Made with libheif."""


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The file of a picture."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file: https://www.w3.org/TR/png-3/#5Chunk-layout."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunk(png: bytes, kind: bytes, data: bytes) -> bytes:
    """A PNG file with one more chunk right after its header."""
    return png[:33] + chunk(kind, data) + png[33:]


def noise(size: tuple[int, int] = (64, 48)) -> Image.Image:
    """A picture without two equal rows."""
    values = np.random.default_rng(7).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(values)


def animated_png_without_its_frames() -> bytes:
    """A red picture that is announced as an animation whose frames are missing."""
    red = encoded(Image.new("RGB", (64, 64), "red"))
    return with_chunk(red, b"acTL", struct.pack(">II", 2, 0))


def png_with_a_profile_of_unknown_compression() -> bytes:
    """A red picture with a colour profile that no program can unpack."""
    return with_chunk(encoded(Image.new("RGB", (64, 64), "red")), b"iCCP", b"ICC\0\x01packed")


def photograph_that_ends_after_its_header() -> bytes:
    """A JPEG file without its scan, as of a download that broke off: viewers show a grey field."""
    content = encoded(noise((400, 300)), "JPEG")
    return content[: content.index(b"\xff\xda") + 200]


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def huffman_table(kind: int, *symbols: int) -> bytes:
    """One symbol of each length, from one bit on."""
    lengths = bytes(number < len(symbols) for number in range(16))
    return segment(0xC4, bytes([kind]) + lengths + bytes(symbols))


def progressive_jpeg(side: int, scans: int) -> bytes:
    """A grey picture whose scans are empty, of 100 bytes each: each visits every block again."""
    blocks = (side // 8) ** 2
    bits = "0" + "1" * 14  # the end of a band, for this block and the next 32,766
    empty = (bits * -(-blocks // 32_767)).ljust(-(-blocks // 32_767) * 16, "1")
    data = int(empty, 2).to_bytes(len(empty) // 8, "big").replace(b"\xff", b"\xff\0")
    return b"".join(
        [
            b"\xff\xd8",
            segment(0xDB, b"\0" + b"\x01" * 64),
            segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\x01\x11\x00"),
            huffman_table(0x00, 0, 1),
            huffman_table(0x10, 0xE0, 0x00),
            segment(0xDA, b"\x01\x01\x00\x00\x00\x00") + bytes(blocks // 8 + 1),
            (segment(0xDA, b"\x01\x01\x00\x01\x3f\x00") + data) * scans,
            b"\xff\xd9",
        ]
    )
