"""The package of the Lambdas: complete, free of heavy imports, and reproducible."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.package.build import build, compile_modules, write_zip
from infra.package.wheels import PackageError, install
from toolchain.layout import Layout, python_of

LAYOUT = Layout.of_this_checkout()
RUNTIME = python_of(LAYOUT.lambda_environment)
ENVIRONMENT = {
    "QUEUE_URL": "http://127.0.0.1/q.fifo",
    "DISCORD_PUBLIC_KEY": "ab" * 32,
    "JOBS_TABLE": "test-jobs",
    "ECS_CLUSTER": "test",
    "ECS_SERVICE": "test-worker",
    "METRIC_NAMESPACE": "test",
    "WAKE_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:000000000000:stateMachine:test-wake",
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}
IMPORT = """
import importlib, json, sys
importlib.import_module("discord_diffusion.functions." + sys.argv[1])
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""
FUNCTIONS = ("interactions", "backlog", "waiting", "dead_letters")
HEAVY = {
    "torch",
    "numpy",
    "PIL",
    "diffusers",
    "transformers",
    "httpx",
    "boto3",
    "rich",
    "typer",
    "psutil",
}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("package") / "lambda.zip"
    build(path, "3.13", "host", RUNTIME)
    return path


def test_two_builds_of_the_package_have_the_same_bytes(package: Path, tmp_path: Path) -> None:
    build(tmp_path / "again.zip", "3.13", "host", RUNTIME)
    assert (tmp_path / "again.zip").read_bytes() == package.read_bytes()


def test_every_module_is_compiled_for_the_runtime(package: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path)
    modules = {Path(name) for name in names if name.endswith(".py")}
    compiled = {
        module.parent / "__pycache__" / f"{module.stem}.cpython-313.pyc" for module in modules
    }
    assert {str(path) for path in compiled} <= names
    for module in (tmp_path / "discord_diffusion").rglob("*.py"):
        module.write_text("raise AssertionError('it is compiled again')")
    _start(tmp_path, "interactions")


def test_an_interpreter_of_another_version_compiles_nothing(tmp_path: Path) -> None:
    (tmp_path / "module.py").touch()
    with pytest.raises(PackageError, match=r"is Python 3\.13 and can't compile for 3\.12"):
        compile_modules(tmp_path, RUNTIME, "3.12")
    assert not (tmp_path / "__pycache__").exists()


def test_a_missing_interpreter_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="does not run"):
        compile_modules(tmp_path, tmp_path / "python", "3.13")


def test_the_archive_depends_on_names_and_contents_alone(tmp_path: Path) -> None:
    digests = set()
    for name, mode in (("one", 0o600), ("two", 0o777)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "b.py").write_text("b")
        (folder / "a.py").write_text("a")
        (folder / "a.py").chmod(mode)
        digests.add(write_zip(tmp_path / f"{name}.zip", folder))
    assert len(digests) == 1


@pytest.mark.parametrize("architecture", ["x86_64", "arm64"])
def test_the_package_for_aws_is_small_and_for_its_architecture(
    tmp_path: Path, architecture: str
) -> None:
    build(tmp_path / "lambda.zip", "3.13", architecture, RUNTIME)
    assert (tmp_path / "lambda.zip").stat().st_size <= 5 * 1024 * 1024
    with zipfile.ZipFile(tmp_path / "lambda.zip") as package:
        names = package.namelist()
        (native,) = (name for name in names if name.startswith("_cffi_backend"))
        machine = package.read(native)[18]  # e_machine of the ELF header
    assert machine == {"x86_64": 0x3E, "arm64": 0xB7}[architecture]
    assert not [name for name in names if "discord_diffusion/worker/" in name or "webhooks" in name]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_starts_from_the_package_alone_and_imports_nothing_heavy(
    package: Path, tmp_path: Path, function: str
) -> None:
    zipfile.ZipFile(package).extractall(tmp_path)
    assert not HEAVY & _start(tmp_path, function)


def _start(folder: Path, function: str) -> set[str]:
    """Import a function from the unpacked package as Lambda does; the modules there are then."""
    ended = subprocess.run(
        [RUNTIME, "-c", IMPORT, function],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return set(json.loads(ended.stdout))


def test_a_wheel_that_does_not_match_its_hash_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "bad.lock"
    lock.write_text(f"pycparser==3.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(PackageError, match=r"bad\.lock"):
        install(lock, tmp_path / "target", "3.13", "host")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_imports_nothing_heavy_from_the_projects_own_environment(function: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", IMPORT, function],
        env=ENVIRONMENT | {"PYTHONPATH": str(LAYOUT.root / "src")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not HEAVY & set(json.loads(ended.stdout))
