"""Pickles in which addresses of the emulator and of its neighbours are names.

An emulator that is restored may listen on another port than the one that was saved, and its address
is in environment variables of functions, in URLs and elsewhere. Texts that contain one are saved in
parts, and joined with the addresses of the emulator that loads them.
"""

import io
import pickle
import re
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from localstack.state.pickle import Pickler, add_dispatch_entry

from ecs_fleet_emulator.localemu_compat import module_name

_EXECUTIONS_MODULE = module_name("localstack.services.stepfunctions.backend.store")
_EXECUTIONS = "attr_executions"

Addresses = Mapping[str, str]
"""Names of addresses, as "emulator", and the addresses, as "127.0.0.1:4566"."""


def _saved_as(make: Callable[..., object], *attributes: str) -> Callable[[Any, Any], Any]:
    """Saves an object as a call of `make` with some of its attributes."""

    def save(pickler: Any, found: Any) -> Any:
        arguments = tuple(getattr(found, name) for name in attributes)
        return pickler.save_reduce(make, arguments, obj=found)

    return save


# Locks are loaded free, and conditions without waiting threads: threads are not saved.
add_dispatch_entry(type(threading.Lock()), _saved_as(threading.Lock))
add_dispatch_entry(type(threading.RLock()), _saved_as(threading.RLock))
add_dispatch_entry(threading.Condition, _saved_as(threading.Condition, "_lock"))


def dumps(content: object, addresses: Addresses) -> bytes:
    """Pickle an object."""
    _leave_executions_out()
    buffer = io.BytesIO()
    _Pickler(buffer, addresses).dump(content)
    return buffer.getvalue()


def _leave_executions_out() -> None:
    """Save Step Functions without executions: they are threads, which end with their emulator."""
    if module := sys.modules.get(_EXECUTIONS_MODULE):

        def save(pickler: Any, store: Any) -> Any:
            kept = {name: value for name, value in vars(store).items() if name != _EXECUTIONS}
            return pickler.save_reduce(_make, (type(store),), kept, obj=store)

        add_dispatch_entry(module.SFNStore, save)


def _make(kind: type[Any]) -> Any:
    return object.__new__(kind)


def loads(pickled: bytes, addresses: Addresses) -> Any:
    """The object that was pickled, with these addresses."""
    return _Unpickler(io.BytesIO(pickled), addresses).load()


class _Pickler(Pickler):  # type: ignore[misc]  # untyped base
    def __init__(self, file: io.BytesIO, addresses: Addresses) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL, recurse=False)
        self._names = {address: name for name, address in addresses.items()}
        # 127.0.0.1:4566 is no part of 127.0.0.1:45660.
        found = "|".join(re.escape(address) for address in self._names)
        self._pattern = re.compile(rf"({found})(?![0-9])")

    def persistent_id(self, found: object) -> tuple[str, ...] | None:
        """The parts of a text with addresses: every second one is the name of an address."""
        if type(found) is not str or not self._names or ":" not in found:
            return None
        parts = self._pattern.split(found)
        if len(parts) == 1:
            return None
        parts[1::2] = [self._names[address] for address in parts[1::2]]
        return tuple(parts)


class _Unpickler(pickle.Unpickler):
    """The standard library's, which is several times faster than dill's and reads the same."""

    def __init__(self, file: io.BytesIO, addresses: Addresses) -> None:
        super().__init__(file)
        self._addresses = addresses

    def persistent_load(self, parts: Any) -> str:
        """Join a text."""
        joined = list(parts)
        joined[1::2] = [self._addresses[name] for name in joined[1::2]]
        return "".join(joined)
