"""The module is well-formed, and its own tests pass and cover every validation."""

import re
from collections import Counter

import pytest

from tests.infra.terraform_module import LAYOUT, Module, Suite

# The service of each resource type, by the beginning of the type's name.
ENDPOINTS = {
    "aws_api_gateway": "apigateway",
    "aws_appautoscaling": "appautoscaling",
    "aws_autoscaling": "autoscaling",
    "aws_availability_zones": "ec2",
    "aws_budgets": "budgets",
    "aws_caller_identity": "sts",
    "aws_cloudwatch_dashboard": "cloudwatch",
    "aws_cloudwatch_event": "events",
    "aws_cloudwatch_log": "logs",
    "aws_cloudwatch_metric": "cloudwatch",
    "aws_default_security": "ec2",
    "aws_dynamodb": "dynamodb",
    "aws_ec2": "ec2",
    "aws_ecr": "ecr",
    "aws_ecs": "ecs",
    "aws_iam": "iam",
    "aws_internet_gateway": "ec2",
    "aws_lambda": "lambda",
    "aws_launch_template": "ec2",
    "aws_route": "ec2",
    "aws_security_group": "ec2",
    "aws_sfn": "sfn",
    "aws_sns": "sns",
    "aws_sqs": "sqs",
    "aws_subnet": "ec2",
    "aws_vpc": "ec2",
    "aws_wafv2": "wafv2",
}
ANSWERED_BY_THE_PROVIDER = {"aws_default_tags", "aws_partition", "aws_region"}


def sources() -> str:
    """Every file of the module and its children."""
    return "\n".join(path.read_text() for path in sorted(LAYOUT.infra.rglob("*.tf")))


def validations() -> dict[str, list[str]]:
    """The error messages of the root module's validations, by variable."""
    text = "\n".join(path.read_text() for path in sorted(LAYOUT.infra.glob("variables*.tf")))
    blocks = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL)
    return {name: re.findall(r'error_message = "(.*)"\n', body) for name, body in blocks}


def test_every_file_is_formatted(module: Module) -> None:
    ended = module.run("fmt", "-check", "-recursive", "-diff")
    assert ended.returncode == 0, ended.stdout


def test_the_module_is_valid_without_a_warning(module: Module) -> None:
    ended = module.run("validate", "-no-color")
    assert ended.returncode == 0, ended.stderr
    assert "Warning" not in ended.stdout


@pytest.mark.parametrize(
    "attribute",
    [
        # Deprecated in 6.0 for `region`; the id is the region's code in both.
        r"data\.aws_region\.\w+\.name\b",
        # Gone in 6.0.
        r"\breset_on_delete\b",
        r"\belastic_(gpu_specifications|inference_accelerator)\b",
        r"\bstage_(name|description)\s*=.*aws_api_gateway_deployment",
    ],
)
def test_no_attribute_is_used_that_the_next_provider_deprecates(attribute: str) -> None:
    """https://registry.terraform.io/providers/hashicorp/aws/latest/docs/guides/version-6-upgrade"""
    assert not re.findall(attribute, sources())


def test_the_capacity_provider_waits_for_the_cluster() -> None:
    """An account's first cluster makes ECS's service-linked role, without which it is refused."""
    text = (LAYOUT.infra / "modules" / "fleet" / "instances.tf").read_text()
    [block] = re.findall(
        r'^resource "aws_ecs_capacity_provider" "gpu" \{\n(.*?)^\}', text, re.M | re.S
    )
    assert "depends_on = [aws_ecs_cluster.this]" in block


def test_every_run_of_terraform_test_passes(suite: Suite) -> None:
    written = {
        f"tests/{path.name}: {run}"
        for path in (LAYOUT.infra / "tests").glob("*.tftest.hcl")
        for run in re.findall(r'^run "(\w+)" \{', path.read_text(), re.MULTILINE)
    }
    assert len(written) > 50
    assert suite.results == dict.fromkeys(written, "pass"), suite.problems


def test_every_validation_of_a_child_module_has_a_run() -> None:
    for module in sorted((LAYOUT.infra / "modules").iterdir()):
        text = "\n".join(path.read_text() for path in module.glob("*.tf"))
        blocks = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.M | re.S)
        counts = {name: body.count("  validation {") for name, body in blocks}
        tests = (LAYOUT.infra / "tests" / f"{module.name}.tftest.hcl").read_text()
        expected = " ".join(re.findall(r"expect_failures = \[(.*?)\]", tests, re.DOTALL))
        tried = Counter(re.findall(r"var\.(\w+)", expected))
        assert {name: tried[name] for name in counts if tried[name] < counts[name]} == {}, module


def test_every_message_names_the_variable_and_what_is_allowed() -> None:
    for name, messages in validations().items():
        for message in messages:
            assert re.match(rf"{name}\b.* must ", message), message


def test_every_variable_and_output_has_a_description() -> None:
    blocks = re.findall(r'^(variable|output) "(\w+)" \{\n(.*?)^\}', sources(), re.M | re.S)
    assert len(blocks) > 150
    assert not [name for _, name, body in blocks if "description = " not in body]


def test_the_example_of_a_variable_file_names_variables_and_the_deploy_step() -> None:
    example = (LAYOUT.infra / "aws.tfvars.example").read_text()
    text = "\n".join(path.read_text() for path in LAYOUT.infra.glob("variables*.tf"))
    variables = set(re.findall(r'^variable "(\w+)"', text, re.MULTILINE))
    assert set(re.findall(r"^(\w+) += ", example, re.MULTILINE)) <= variables
    # Terraform by hand would keep a second state for the same names.
    assert "make deploy-aws" in example
    assert not re.search(r"terraform\b.*\bapply", example)


def test_only_a_variable_that_may_be_null_is_nullable() -> None:
    blocks = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', sources(), re.M | re.S)
    nullable = {name for name, body in blocks if not re.search(r"nullable\s*= false", body)}
    assert nullable == {"alarm_email", "hot_reload_folder", "requests_per_source", "vpc_id"}


def test_every_service_in_use_has_the_emulators_endpoint() -> None:
    types = set(re.findall(r'^(?:resource|data) "(aws_\w+)"', sources(), re.MULTILINE))
    needed = set()
    for type_ in types - ANSWERED_BY_THE_PROVIDER:
        prefix = next((prefix for prefix in ENDPOINTS if type_.startswith(prefix)), None)
        assert prefix, f"ENDPOINTS has no service for {type_}"
        needed.add(ENDPOINTS[prefix])
    provider = (LAYOUT.infra / "providers.tf").read_text()
    assert set(re.findall(r"(\w+)\s*= endpoints\.value", provider)) == needed
