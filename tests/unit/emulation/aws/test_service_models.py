"""Descriptions of services are read once, and moto's additions to them are moto's alone."""

import boto3
import moto.core.loaders
import moto.core.responses
import moto.core.utils
import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from moto.dynamodb.responses import DynamoHandler

from ecs_fleet_emulator import service_models


@pytest.fixture(autouse=True)
def _applied(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the emulator, until the test ends."""
    monkeypatch.setattr(Loader, "FILE_LOADER_CLASS", Loader.FILE_LOADER_CLASS)
    own = moto.core.loaders.Loader
    monkeypatch.setattr(own, "FILE_LOADER_CLASS", own.FILE_LOADER_CLASS, raising=False)
    monkeypatch.setattr(moto.core.utils, "create_loader", moto.core.utils.create_loader)
    own_names = moto.core.responses.method_names_from_class
    monkeypatch.setattr(moto.core.responses, "method_names_from_class", own_names)
    service_models.apply()


def shapes(session: boto3.Session) -> object:
    return session.client("sqs", "us-east-1").meta.service_model._service_description["shapes"]


def test_sessions_share_the_description_of_a_service() -> None:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    assert shapes(boto3.Session(**keys)) is shapes(boto3.Session(**keys))


def test_moto_reads_a_description_once_and_adds_to_its_own() -> None:
    first, again = (moto.core.utils._load_service_model("sqs", "service-2") for _ in range(2))
    assert first is again
    assert Loader().load_service_model("sqs", "service-2") != first


def test_the_methods_of_a_service_are_listed_once() -> None:
    listed = moto.core.responses.method_names_from_class
    assert listed(DynamoHandler) is listed(DynamoHandler)
    assert {"get_item", "transact_write_items"} < set(listed(DynamoHandler))


def test_a_file_that_is_not_there_is_none() -> None:
    assert Loader().file_loader.load_file("/nowhere") is None


def test_what_is_made_of_a_description_is_made_once_for_each_service_and_protocol() -> None:
    made: list[object] = []

    def make(service: ServiceModel, protocol: str | None) -> object:
        made.append((service.service_name, protocol))
        return object()

    kept = service_models.kept_by_service(make)
    models = [ServiceModel(Loader().load_service_model("sqs", "service-2"), "sqs") for _ in "ab"]
    assert models[0] is not models[1]
    assert kept(models[0]) is kept(models[1])
    assert kept(models[0], "query") is kept(models[1], "query")
    assert made == [("sqs", None), ("sqs", "query")]
