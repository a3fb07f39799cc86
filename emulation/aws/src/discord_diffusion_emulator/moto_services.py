"""Services that LocalStack's open release lacks and moto has, on the same endpoint."""

from localstack.aws.skeleton import Skeleton
from localstack.aws.spec import load_service
from localstack.services.moto import _proxy_moto
from localstack.services.plugins import Service


def through_moto(name: str) -> Service:
    """The service `name` with every operation of AWS's model answered by moto.

    An operation that moto lacks is answered with 501 and the operation's name.
    """
    model = load_service(name)
    operations = dict.fromkeys(model.operation_names, _proxy_moto)
    return Service(name, skeleton=Skeleton(model, operations))
