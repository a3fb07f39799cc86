"""Settings of the person's for other programs change nothing in the rig."""

import io
import os
import subprocess
import sys
import urllib.request

import pytest

from emulation.rig import environment
from emulation.rig.loopback import LOOPBACK
from toolchain import terminal, terraform

HOSTILE = {
    "ALL_PROXY": "socks5://127.0.0.1:1",
    "HTTPS_PROXY": "http://127.0.0.1:1",
    "NO_PROXY": "intranet.example",
    "AWS_PROFILE": "no-such-profile",
    "AWS_RETRY_MODE": "bogus",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "TF_VAR_target": "aws",
    "TF_CLI_ARGS": "-no-such-argument",
    "TF_CLI_ARGS_apply": "-no-such-argument",
    "TF_WORKSPACE": "another",
    "TF_DATA_DIR": "/nonexistent",
    "TF_LOG": "TRACE",
    "SSL_CERT_FILE": "/nonexistent",
    "PYTHONIOENCODING": "ascii",
    "PYTHONDONTWRITEBYTECODE": "1",
    "LOG_LEVEL": "loud",
    "SERVICES": "s3",
}
PLAIN = {
    "PATH": "/bin",
    "HOME": "/home/a",
    "LC_ALL": "C",
    "HF_HOME": "/models",
    "TF_PLUGIN_CACHE_DIR": "/p",
}


def test_a_process_of_the_rig_inherits_nothing_that_is_meant_for_other_programs() -> None:
    found = environment.of_processes(PLAIN | HOSTILE)
    assert {name: found[name] for name in ("PATH", "HOME", "LC_ALL")} == {
        name: PLAIN[name] for name in ("PATH", "HOME", "LC_ALL")
    }
    assert found.keys() & HOSTILE.keys() == {"NO_PROXY"}
    assert found["NO_PROXY"] == f"{LOOPBACK},localhost"
    assert found["AWS_CONFIG_FILE"] == os.devnull


def test_a_worker_downloads_models_through_the_persons_proxy_and_reaches_loopback_without() -> None:
    found = environment.of_tasks(PLAIN | HOSTILE)
    for name in ("ALL_PROXY", "HTTPS_PROXY"):
        assert found[name] == HOSTILE[name]
    assert found["HF_HOME"] == "/models"
    assert found["NO_PROXY"] == f"intranet.example,{LOOPBACK},localhost"
    assert urllib.request.proxy_bypass_environment(LOOPBACK, {"no": found["NO_PROXY"]})
    assert not found.keys() & {"AWS_PROFILE", "TF_VAR_target", "LOG_LEVEL", "PATH"}


def test_the_command_line_removes_what_boto3_and_terraform_would_read() -> None:
    own = PLAIN | HOSTILE
    environment.separate(own)
    kept = own.keys() & HOSTILE.keys()
    assert not [name for name in kept if name.startswith(("AWS_", "TF_", "SSL_"))]
    assert own["TF_PLUGIN_CACHE_DIR"] == "/p"


def test_terraform_never_gets_the_persons_arguments_workspace_or_data_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    found = terraform.environment()
    assert not [
        name for name in found if name.startswith(("TF_CLI_ARGS", "TF_WORKSPACE", "TF_DATA"))
    ]
    assert found["TF_VAR_target"] == "aws", "a deployment takes its variables from there, too"


@pytest.mark.parametrize(
    ("encoding", "printed"), [("utf-8", "… ✓ ▒"), ("latin-1", "... ok ?"), ("ascii", "... ok ?")]
)
def test_what_an_encoding_lacks_is_spelled_out(encoding: str, printed: str) -> None:
    program = "from toolchain.terminal import spell_out; spell_out(); print('… ✓ ▒')"
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        check=True,
    )
    assert ended.stdout.decode(encoding).rstrip() == printed


def test_a_dumb_terminal_gets_no_line_that_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    assert terminal.is_live(Terminal())
    monkeypatch.setenv("TERM", "dumb")
    assert not terminal.is_live(Terminal())
    assert not terminal.is_live(io.StringIO())
