"""The set-up of a checkout: an emulator that nobody names costs nothing."""

from pathlib import Path

import pytest

from toolchain import __main__ as command
from toolchain.layout import LOCALEMU, LOCALSTACK, Layout, python_of
from toolchain.setup import project_plan


def results(layout: Layout, emulator: str) -> list[Path]:
    return [step.result for step in project_plan(layout, "cpu", emulator).outdated()]


def test_localemu_is_set_up_beside_localstack_only_where_it_is_the_emulator(
    tmp_path: Path,
) -> None:
    layout = Layout(tmp_path)
    for project in (layout.root, layout.emulator, layout.localemu, layout.infra / "policy"):
        project.mkdir(parents=True, exist_ok=True)
        for name in ("pyproject.toml", "uv.lock"):
            (project / name).touch()
    for name in ("requirements/installer.txt", "requirements/torch.txt", "docker/torch.lock"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (layout.infra / "providers.tf").touch()
    localemu = python_of(layout.emulator_environment(LOCALEMU))
    plain = results(layout, LOCALSTACK)
    assert python_of(layout.emulator_environment(LOCALSTACK)) in plain
    assert localemu not in plain
    assert results(layout, LOCALEMU) == [*plain, localemu]


def test_an_emulator_that_there_is_not_is_refused_with_those_that_there_are(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RIG_EMULATOR", "moto")
    monkeypatch.setattr("sys.argv", ["toolchain"])
    with pytest.raises(SystemExit, match="2"):
        command.main()
    assert "EMULATOR=moto: localstack and localemu are known" in capsys.readouterr().err
