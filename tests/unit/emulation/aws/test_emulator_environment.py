"""The variables that a function's process sees."""

from pathlib import Path

from discord_diffusion_emulator.functions.environment import variables


def seen(
    from_localstack: dict[str, object] | None = None,
    own: dict[str, str] | None = None,
    layers: list[Path] | None = None,
    *,
    writes_bytecode: bool = True,
) -> dict[str, str]:
    return variables(
        from_localstack or {},
        own or {},
        runtime="python3.13",
        python=Path("/lambda/bin/python"),
        task_root=Path("/code"),
        layers=layers or [],
        scratch=Path("/scratch"),
        writes_bytecode=writes_bytecode,
    )


def test_what_localstack_means_for_its_container_is_left_out() -> None:
    given = {"LOCALSTACK_RUNTIME_ID": "x", "EDGE_PORT": 4566, "AWS_REGION": "us-east-1"}
    environment = seen(given)
    assert environment["AWS_REGION"] == "us-east-1"
    assert not {"LOCALSTACK_RUNTIME_ID", "EDGE_PORT"} & environment.keys()


def test_the_functions_own_variables_win_whatever_they_are_called() -> None:
    environment = seen({"TZ": ":UTC"}, {"TZ": "Europe/Paris", "LOCALSTACK_MINE": "1"})
    assert environment["TZ"] == "Europe/Paris"
    assert environment["LOCALSTACK_MINE"] == "1"


def test_every_value_is_text() -> None:
    environment = seen({"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": 512})
    assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512"


def test_layers_are_on_the_path_in_their_order() -> None:
    environment = seen(layers=[Path("/one"), Path("/two")])
    assert environment["PYTHONPATH"] == "/one/python:/two/python"
    assert "PYTHONPATH" not in seen()


def test_byte_code_is_not_written_where_it_must_not_be() -> None:
    assert "PYTHONDONTWRITEBYTECODE" not in seen()
    assert seen(writes_bytecode=False)["PYTHONDONTWRITEBYTECODE"] == "1"
