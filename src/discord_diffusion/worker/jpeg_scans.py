"""The scans of a JPEG file: how often its decoder visits the whole picture.

A progressive file may have any number of them, each of a few bytes that change nothing.
https://www.w3.org/Graphics/JPEG/itu-t81.pdf (annex B)
https://libjpeg-turbo.org/pmwiki/uploads/About/TwoIssueswiththeJPEGStandard.pdf
"""

import re

MOST_SCANS = 100
"""Encoders write about ten."""
MOST_SEGMENTS = 10_000
"""Segments of all kinds; a profile, the largest part beside a picture, has at most 255."""

_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]")
"""A marker of a segment, or of the end. The others stand alone, also between the bytes of a scan,
in which a zero follows each byte of ones that is no marker."""
_END, _SCAN = 0xD9, 0xDA


def has_too_many(content: bytes) -> bool:
    """Whether a file has more scans or segments than a picture needs."""
    scans = segments = 0
    at = 2  # behind the marker of the beginning
    while found := _MARKER.search(content, at):
        at = found.end()
        marker = content[at - 1]
        if marker == _END:
            return False
        scans, segments = scans + (marker == _SCAN), segments + 1
        if scans > MOST_SCANS or segments > MOST_SEGMENTS:
            return True
        at += int.from_bytes(content[at : at + 2], "big")
    return False
