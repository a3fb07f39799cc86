"""The words of the stand-in's command line."""

import httpx
import pytest
import uvicorn

from discord_stand_in.command_line import main


@pytest.mark.parametrize("word", ["0", "-5", "many", "1.5"])
def test_a_number_to_keep_that_is_none_is_refused_with_what_to_write(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([f"--keep={word}"])
    assert ended.value.code == 2
    assert f"{word!r} is not a whole number of at least 1" in capsys.readouterr().err


def test_clients_end_idle_connections_before_the_server_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A request on a connection that the server ends at that moment would fail."""
    served: list[uvicorn.Config] = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda server, **_: served.append(server.config))
    main(["--port", "0"])
    expiry = httpx.Limits().keepalive_expiry
    assert expiry is not None
    assert served[0].timeout_keep_alive >= 2 * expiry
