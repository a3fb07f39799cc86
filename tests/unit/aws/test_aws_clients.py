"""What is sent to CloudWatch and Step Functions, and how all clients of the SDK are made."""

from collections.abc import Iterator

import pytest
from botocore.stub import Stubber

from discord_diffusion.aws.clients import SERVICES, TWO_ATTEMPTS, client
from discord_diffusion.aws.deadline import Deadline
from discord_diffusion.aws.errors import ServiceError, ServiceUnavailableError
from discord_diffusion.aws.metrics import Metrics
from discord_diffusion.aws.state_machines import StateMachine

REGION = "eu-north-1"
ARN = "arn:aws:states:eu-north-1:123456789012:stateMachine:wake"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("service", SERVICES)
def test_a_client_of_each_service_has_the_region_and_two_attempts(service: str) -> None:
    meta = client(service, region=REGION).meta
    assert (meta.service_model.service_name, meta.region_name) == (service, REGION)
    assert meta.config.connect_timeout == TWO_ATTEMPTS.connect_timeout == 1
    assert meta.config.read_timeout == TWO_ATTEMPTS.read_timeout == 2
    assert meta.config.retries == {"mode": "standard", "total_max_attempts": 2}


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("bot", region=REGION)


@pytest.fixture
def cloudwatch(metrics: Metrics) -> Iterator[Stubber]:
    with Stubber(metrics._client) as stub:
        yield stub


def test_metrics_are_published_at_once_and_with_a_resolution_of_a_second(
    metrics: Metrics, cloudwatch: Stubber
) -> None:
    points = [
        {"MetricName": "TaskShortfall", "Value": 2.0, "StorageResolution": 1},
        {"MetricName": "TaskSurplus", "Value": 0.0, "StorageResolution": 1},
    ]
    cloudwatch.add_response("put_metric_data", {}, {"Namespace": "bot", "MetricData": points})
    metrics.publish({"TaskShortfall": 2.0, "TaskSurplus": 0.0})
    cloudwatch.assert_no_pending_responses()


def test_metrics_that_cloudwatch_refuses_are_an_error(
    metrics: Metrics, cloudwatch: Stubber
) -> None:
    assert metrics._client.meta.region_name == REGION
    cloudwatch.add_client_error("put_metric_data", "AccessDenied")
    with pytest.raises(ServiceError, match="AccessDenied"):
        metrics.publish({"TaskSurplus": 0.0})


@pytest.fixture
def wake() -> StateMachine:
    return StateMachine(ARN, Deadline(clock=lambda: 0.0), region=REGION)


@pytest.fixture
def step_functions(wake: StateMachine) -> Iterator[Stubber]:
    with Stubber(wake._client) as stub:
        yield stub


@pytest.mark.parametrize(("given", "text"), [(None, "{}"), ({"jobs": ["1"]}, '{"jobs": ["1"]}')])
def test_a_state_machine_is_started_by_its_arn_with_its_input(
    wake: StateMachine,
    step_functions: Stubber,
    given: dict[str, object] | None,
    text: str,
) -> None:
    started = {"executionArn": ARN, "startDate": 0}
    step_functions.add_response("start_execution", started, {"stateMachineArn": ARN, "input": text})
    wake.start(given)
    step_functions.assert_no_pending_responses()


def test_a_start_that_is_not_to_be_repeated_is_tried_once(
    wake: StateMachine, step_functions: Stubber
) -> None:
    step_functions.add_client_error("start_execution", "Throttling")
    with pytest.raises(ServiceUnavailableError, match="Throttling"):
        wake.start(repeat=False)
    step_functions.assert_no_pending_responses()


def test_a_start_that_fails_is_tried_once_more_within_the_time_of_the_answer(
    wake: StateMachine, step_functions: Stubber
) -> None:
    config = wake._client.meta.config
    assert wake._client.meta.region_name == REGION
    assert config.retries["total_max_attempts"] == 1
    assert wake._attempts.seconds == config.connect_timeout + config.read_timeout == 0.8
    for _ in range(2):
        step_functions.add_client_error("start_execution", "Throttling")
    with pytest.raises(ServiceUnavailableError, match="Throttling"):
        wake.start()
    step_functions.assert_no_pending_responses()
