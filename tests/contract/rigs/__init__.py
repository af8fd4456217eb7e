"""Each channel with its fake platform: one module each, whose RIGS test_channels.py runs over."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from importlib import import_module
from pkgutil import iter_modules

from tests.contract.rigs.rig import Rig as Rig

# the argument of each function is the number of seconds that the channel waits for an answer
RIGS: dict[str, Callable[[float], AbstractAsyncContextManager[Rig]]] = {}
for _found in iter_modules(__path__):
    RIGS |= getattr(import_module(f"{__name__}.{_found.name}"), "RIGS", {})
