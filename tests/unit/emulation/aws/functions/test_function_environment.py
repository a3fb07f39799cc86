"""A function's process gets the variables of Lambda and its own, and no others."""

from pathlib import Path

from ecs_fleet_emulator.functions.environment import variables
from ecs_fleet_emulator.functions.runtimes import NodeRuntime, Runtime

PYTHON = Runtime("python3.13", Path("/lambda/bin/python"))
NODE = NodeRuntime("nodejs22.x", Path("/node/bin/node"))


def environment_of(
    from_localstack: dict[str, object] | None = None,
    own: dict[str, str] | None = None,
    layers: list[Path] | None = None,
    *,
    runtime: Runtime = PYTHON,
    writes_bytecode: bool = True,
) -> dict[str, str]:
    return variables(
        from_localstack or {},
        own or {},
        runtime=runtime,
        task_root=Path("/code"),
        layers=layers or [],
        scratch=Path("/scratch"),
        writes_bytecode=writes_bytecode,
    )


def test_variables_for_localstacks_container_are_left_out() -> None:
    given = {"LOCALSTACK_RUNTIME_ID": "x", "EDGE_PORT": 4566, "AWS_REGION": "us-east-1"}
    environment = environment_of(given)
    assert environment["AWS_REGION"] == "us-east-1"
    assert not {"LOCALSTACK_RUNTIME_ID", "EDGE_PORT"} & environment.keys()


def test_the_functions_own_variables_override_all_others() -> None:
    environment = environment_of({"TZ": ":UTC"}, {"TZ": "Europe/Paris", "LOCALSTACK_MINE": "1"})
    assert environment["TZ"] == "Europe/Paris"
    assert environment["LOCALSTACK_MINE"] == "1"


def test_every_value_is_text() -> None:
    environment = environment_of({"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": 512})
    assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"


def test_layers_are_on_the_path_in_their_order() -> None:
    environment = environment_of(layers=[Path("/one"), Path("/two")])
    assert environment["PYTHONPATH"] == "/one/python:/two/python"
    assert "PYTHONPATH" not in environment_of()


def test_layers_of_node_have_packages_for_one_version_and_for_all() -> None:
    environment = environment_of(layers=[Path("/one"), Path("/two")], runtime=NODE)
    folders = environment["NODE_PATH"].split(":")
    assert folders == [
        "/one/nodejs/node22/node_modules",
        "/one/nodejs/node_modules",
        "/two/nodejs/node22/node_modules",
        "/two/nodejs/node_modules",
    ]
    assert "PYTHONPATH" not in environment
    assert "NODE_PATH" not in environment_of(runtime=NODE)


def test_a_function_knows_its_runtime_and_finds_its_interpreter() -> None:
    environment = environment_of(runtime=NODE)
    assert environment["AWS_EXECUTION_ENV"] == "AWS_Lambda_nodejs22.x"
    assert environment["PATH"].startswith("/node/bin:")


def test_byte_code_is_not_written_if_the_folder_must_stay_unchanged() -> None:
    assert "PYTHONDONTWRITEBYTECODE" not in environment_of()
    assert environment_of(writes_bytecode=False)["PYTHONDONTWRITEBYTECODE"] == "1"
