"""The SDK's descriptions of services and endpoints, each read once, and what is made of them.

LocalStack, moto and every session of boto3 in the emulator have loaders of their own. Each of them
would read and parse the same files, of up to 4 MB, again: for the services of a deployment that
takes two seconds of a processor.
"""

import functools
from collections.abc import Callable
from typing import Any

import moto.core.loaders
import moto.core.responses
import moto.core.utils
from botocore.loaders import JSONFileLoader, Loader
from botocore.model import ServiceModel
from moto.core.utils import method_names_from_class


class _SharedFiles(JSONFileLoader):
    """Reads a file for all loaders that have this reader."""

    def load_file(self, file_path: str) -> Any:
        """The parsed file, which nobody may change; None if there is none."""
        return _read(file_path)


@functools.cache
def _read(path: str) -> Any:
    return JSONFileLoader().load_file(path)


def kept_by_service(make: Callable[..., Any]) -> Callable[..., Any]:
    """`make`, once for each service and protocol, whichever description of the service is given."""
    made: dict[tuple[str, str, str], Any] = {}

    def kept(service: ServiceModel, protocol: str | None = None) -> Any:
        key = (service.service_name, service.api_version, protocol or service.protocol)
        if key not in made:
            made[key] = make(service, protocol)
        return made[key]

    return kept


def apply() -> None:
    """Let loaders that are made from now on share what they read."""
    Loader.FILE_LOADER_CLASS = _SharedFiles
    # moto's loader adds its own errors to the descriptions: they are for moto alone.
    moto.core.loaders.Loader.FILE_LOADER_CLASS = JSONFileLoader
    moto.core.utils.create_loader = functools.cache(moto.core.loaders.create_loader)
    # moto lists all methods of a service's class for each request.
    moto.core.responses.method_names_from_class = functools.cache(method_names_from_class)
