"""Every port that a stack opens is on loopback, and refuses what foreign web pages send."""

import stat

import httpx
import psutil
import pytest

from emulation.rig.host import processes
from tests import foreign_web
from tests.stack import Stack
from tests.targets import HOST, TARGET

pytestmark = pytest.mark.skipif(TARGET != HOST, reason="its processes are in containers")


def listening(stack: Stack) -> list[tuple[str, int]]:
    """The addresses on which the stack's processes listen, and all that they started."""
    found = []
    for root in filter(None, map(processes.find, stack.state.processes)):
        for process in (root, *root.children(recursive=True)):
            try:
                connections = process.net_connections("inet")
            except psutil.NoSuchProcess:
                continue
            addresses = [one.laddr for one in connections if one.status == psutil.CONN_LISTEN]
            found += [(address.ip, address.port) for address in addresses]
    return found


def test_every_port_is_on_loopback_and_refuses_foreign_pages(stack: Stack, worker: object) -> None:
    # Functions and a worker run: each function's process has a port of its own at the emulator.
    stack.discord.send("imagine", {"prompt": "a red ring", "images": 1, "steps": 2})
    found = listening(stack)
    own = {httpx.URL(url).port for url in (stack.state.aws_endpoint, stack.state.discord_url)}
    assert own < {port for _, port in found}
    assert {address for address, _ in found} == {"127.0.0.1"}
    foreign_web.check_that_ports_refuse(lambda: {port for _, port in listening(stack)})


def test_nobody_else_reads_what_a_stack_keeps(stack: Stack, worker: object) -> None:
    interaction = stack.discord.send("imagine", {"prompt": "a red ring", "images": 1, "steps": 2})
    stack.discord.wait_for_pictures(interaction, 60)
    assert stat.S_IMODE(stack.folder.path.stat().st_mode) == 0o700
    kept = [path for path in stack.folder.path.rglob("*.log") if path.parent == stack.folder.logs]
    assert kept
    assert [path for path in kept if path.stat().st_mode & 0o077] == []


def test_programs_reach_the_emulator_by_each_of_its_names(stack: Stack) -> None:
    emulator = httpx.URL(stack.state.aws_endpoint)
    with httpx.Client(trust_env=False, timeout=20) as http:
        for name in ("127.0.0.1", "localhost", "sqs.localhost"):
            headers = {"Host": f"{name}:{emulator.port}"}
            answer = http.get(f"{emulator}/_localstack/health", headers=headers)
            assert answer.status_code == 200
        # The last path of the interactions' address, unsigned: the function itself refuses it.
        assert http.post(stack.state.interactions_url, content=b"{}").status_code == 401
        parts = stack.state.interactions_url.split("/_aws/execute-api/")[1].split("/", 1)
        host = f"{parts[0]}.execute-api.localhost:{emulator.port}"
        answer = http.post(f"{emulator}/{parts[1]}", headers={"Host": host}, content=b"{}")
        assert answer.status_code == 401
