"""What keeps a stack from starting is a sentence that says what to do, before anything starts."""

import errno
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import huggingface_hub
import pytest
import typer
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError
from typer.testing import CliRunner

from emulation.rig import model_check
from emulation.rig import state as rig_state
from emulation.rig.cli import pictures, stack
from emulation.rig.errors import DeadlineError, RigError, StartError
from emulation.rig.host import health
from emulation.rig.host import stack as host
from emulation.rig.loopback import url_of
from emulation.rig.options import StackOptions
from emulation.rig.state import StackState, StateFolder
from toolchain.display import Display
from toolchain.layout import LOCALEMU, Layout

ROOT = Layout.of_this_checkout().root


def test_a_model_is_a_folder_with_an_index(tmp_path: Path) -> None:
    model_check.check_model(str(ROOT / "fixtures" / "model" / "tiny"))
    with pytest.raises(RigError, match=r"has no model_index\.json\. Name the folder"):
        model_check.check_model(str(tmp_path))
    (tmp_path / "model.safetensors").touch()
    with pytest.raises(RigError, match=r"is a file\. Name the folder"):
        model_check.check_model(str(tmp_path / "model.safetensors"))
    for missing in ("/no/such/folder", "./models/x", "~/x", "a/b/c", "-x"):
        with pytest.raises(RigError, match=f"There is no folder MODEL={missing}. Name the folder"):
            model_check.check_model(missing)


def test_a_side_that_no_picture_has_is_refused_with_the_nearest() -> None:
    for side in (64, 768, 2048):
        model_check.check_size(side)
    for side, said in {100: "Take 96 or 104", 2050: "Take 2048 at most"}.items():
        with pytest.raises(RigError, match=f"SIZE={side} .*{said}"):
            model_check.check_size(side)


def of_hub(error: type[Exception], status: int) -> Callable[..., Any]:
    """A call of the hub's client that is answered with an error."""
    response = httpx.Response(status, request=httpx.Request("GET", "https://hub.test"))

    def answer(*_: object, **__: object) -> None:
        raise error("no", response=response)  # type: ignore[call-arg]

    return answer


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (of_hub(RepositoryNotFoundError, 404), "The hub has no MODEL=a/model, or.*HF_TOKEN"),
        (of_hub(GatedRepoError, 403), "give it at https://huggingface.co/a/model"),
        (
            lambda *_, **__: SimpleNamespace(
                gated=False, siblings=[SimpleNamespace(rfilename="x.gguf")]
            ),
            "is no diffusers model: it has no model_index.json",
        ),
    ],
    ids=["unknown", "gated", "of another kind"],
)
def test_a_model_of_the_hub_is_looked_up_once(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[..., Any], said: str
) -> None:
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *_: None)
    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", answer)
    with pytest.raises(RigError, match=said):
        model_check.check_model("a/model")


def test_a_hub_that_cannot_be_reached_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *_: None)
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", url_of(1))
    with pytest.raises(RigError, match=r"can't be reached \(.*refused.*Connect this machine, or"):
        model_check.check_model("a/model")


def test_a_model_in_the_hubs_cache_needs_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *_: "/x/index")
    monkeypatch.delattr(huggingface_hub.HfApi, "model_info")
    model_check.check_model("a/model")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--model", "/no/such/folder"], "There is no folder MODEL=/no/such/folder"),
        (["--size", "256"], "SIZE= goes with MODEL="),
        (["--emulator", "localemu", "--runtime", "docker"], "goes with RUNTIME=host"),
    ],
)
def test_the_command_line_says_it_without_a_traceback(
    tmp_path: Path, words: list[str], said: str
) -> None:
    command = [sys.executable, "-m", "emulation", "up", "--state-dir", str(tmp_path / "x"), *words]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "x").exists(), "nothing was started"


@pytest.mark.parametrize("command", [stack.up, pictures.demo])
@pytest.mark.parametrize(
    ("given", "emulator"), [({"RIG_EMULATOR": "localemu"}, "localemu"), ({}, "localstack")]
)
def test_the_emulator_of_makes_command_line_is_the_one_that_is_started(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: Callable[..., None],
    given: dict[str, str],
    emulator: str,
) -> None:
    started: list[str] = []

    def start(options: StackOptions, *_: object, **__: object) -> None:
        started.append(options.emulator)
        raise RigError("That is enough.")

    monkeypatch.setattr(stack, "start_stack", start)
    monkeypatch.setattr(pictures, "start_stack", start)
    app = typer.Typer()
    app.command()(command)
    ended = CliRunner().invoke(app, ["--state-dir", str(tmp_path)], env=given)
    assert isinstance(ended.exception, RigError)
    assert started == [emulator]


@pytest.mark.parametrize("given", [{}, {"RIG_PROMPT": ""}, {"RIG_PROMPT": "  "}])
def test_whoever_sends_no_prompt_is_told_how_to(tmp_path: Path, given: dict[str, str]) -> None:
    app = typer.Typer()
    app.command()(pictures.send)
    ended = CliRunner().invoke(app, ["--state-dir", str(tmp_path)], env=given)
    assert isinstance(ended.exception, RigError)
    assert str(ended.exception).endswith('Say what: make send PROMPT="a red circle"')


def test_an_emulator_that_is_not_set_up_is_named_with_its_command(tmp_path: Path) -> None:
    folder, options = StateFolder(tmp_path / "stack"), StackOptions(emulator=LOCALEMU)
    with pytest.raises(StartError, match=r"Run: make setup EMULATOR=localemu"):
        host.start(Layout(tmp_path), folder, options, Display(io.StringIO()))
    assert not folder.path.exists()


def test_a_disk_without_room_for_a_stack_is_named_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = StateFolder(tmp_path / "stack")
    folder.make()
    folder.check_space()
    monkeypatch.setattr(rig_state.shutil, "disk_usage", lambda _: SimpleNamespace(free=3_000_000))
    with pytest.raises(RigError, match=r"3 MB are free .*100 are needed\. Free some, or"):
        folder.check_space()
    folder.check_space(rig_state.LEAST_FREE_TO_DRAW)


def test_a_folder_that_is_a_disk_of_its_own_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_: Path) -> None:
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(Path, "rmdir", busy)
    assert host.stop(StateFolder(tmp_path)) is None


CRASHED = {
    "task": "00000004-and-more",
    "status": "STOPPED",
    "reason": "Essential container in task exited",
    "exit_code": 3,
}
STATE = StackState.on_ports("host", 1, 2)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StateFolder:
    """The folder of a stack whose only worker has crashed."""

    class Agent:
        def __init__(self, _: str) -> None:
            pass

        def state(self) -> dict[str, Any]:
            return {"tasks": [CRASHED]}

    monkeypatch.setattr(health, "FleetAgentClient", Agent)
    monkeypatch.setattr(health, "_TASKS_SECONDS", 0.1)
    found = StateFolder(tmp_path)
    found.logs.mkdir()
    return found


def test_a_start_ends_at_the_first_crash_of_a_worker(folder: StateFolder) -> None:
    said = '{"level": "CRITICAL", "message": "The model cannot be loaded", "reason": "it is odd"}'
    (folder.logs / "worker-00000004.log").write_text(said)
    with pytest.raises(StartError) as stopped:
        health.wait_for_tasks(folder, STATE, 1)
    assert "exit status 3: The model cannot be loaded: it is odd" in str(stopped.value)
    assert str(folder.logs / "worker-00000004") in str(stopped.value)


def test_crashes_of_before_do_not_end_a_wait(folder: StateFolder) -> None:
    assert health.crash_count(folder, STATE) == 0, "a snapshot remembers another stack's"
    with pytest.raises(DeadlineError):
        health.wait_for_tasks(folder, STATE, 1)
    (folder.logs / "worker-00000004.log").touch()
    assert health.crash_count(folder, STATE) == 1
    with pytest.raises(DeadlineError):
        health.wait_for_tasks(folder, STATE, 1, crashed_before=1)
