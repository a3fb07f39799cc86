"""What a site loads from elsewhere is found in its pages and style sheets."""

import socket
from pathlib import Path

import pytest

from toolchain.site import outside_requests, serve


@pytest.mark.parametrize(
    "loaded",
    [
        '<script src="https://cdn.example/mermaid.js"></script>',
        '<link rel="stylesheet" href="//fonts.example/css">',
        '<link rel="preload" as="font" href="HTTPS://fonts.example/font.woff2">',
        '<img srcset="local.png, https://pictures.example/2x.png 2x">',
        '<iframe src="http://frames.example/"></iframe>',
        '<object data="https://objects.example/a.svg"></object>',
    ],
)
def test_what_a_page_loads_from_elsewhere_is_named(tmp_path: Path, loaded: str) -> None:
    (tmp_path / "page.html").write_text(f"<html><body>{loaded}</body></html>")
    assert len(list(outside_requests(tmp_path))) == 1


def test_what_a_style_sheet_loads_from_elsewhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text(
        '@import "https://fonts.example/css"; b { background: url(//pictures.example/b.png) }'
    )
    assert [one.split(": ", 1)[1] for one in outside_requests(tmp_path)] == [
        "https://fonts.example/css",
        "//pictures.example/b.png",
    ]


def test_a_link_that_a_reader_follows_is_no_request(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        '<link rel="canonical" href="https://docs.example/"><link rel="icon" href="icon.svg">'
        '<a href="https://elsewhere.example/">there</a><img src="local.png" srcset="">'
        '<img src="local.png" srcset="local.png 2x, ">'
    )
    (tmp_path / "a.css").write_text("b { background: url(data:image/png;base64,aa) }")
    assert list(outside_requests(tmp_path)) == []


def test_a_taken_port_is_named_with_the_way_to_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        assert serve(tmp_path, taken) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"Port {taken} can't be used")
    assert said.endswith("--serve 0\n")
