"""What is settled before polars, numpy and pandera are imported, which is most of a short run."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from threading import Lock
from types import ModuleType
from typing import Any

_SELDOM_USED = ("importlib.metadata", "hashlib", "ipaddress", "numpy", "shutil", "subprocess", "uuid", "zipfile")
"""Modules that polars, click or we import for what some runs do; all of `email` and OpenSSL stand behind them."""
_SELDOM_CALLED = tuple(
    f"polars.io.{name}" for name in ("clipboard", "database", "delta", "iceberg", "lance", "spreadsheet")
)
"""Modules of polars of which it imports nothing but functions, each for a format that we leave to others."""
_FOR_READERS = ("numpy._core._add_newdocs", "numpy._core._add_newdocs_scalars")
"""What numpy tells an interactive user of its functions, an eighth of its import; it keeps it in files of its own so that one may do without."""


def start_quickly() -> None:
    """From here on, importing polars, numpy and pandera takes half as long, and memory that a block freed is kept for the next one."""
    gc.set_threshold(100_000, 50, 50)  # importing leaves next to nothing to collect
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads for matrices, of which there are none
    os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:10000")  # polars' allocator; half a second otherwise
    _keep_freed_memory()
    for name in _SELDOM_USED:
        defer(name)
    sys.meta_path.insert(0, _Hastening())


def _keep_freed_memory() -> None:
    """The C library, which Python and numpy take memory from, keeps what a block freed for the next one too.

    It would give back what is free at the end of a heap, or larger than a size that it finds out while it runs, and a page that is
    taken anew costs microseconds. M_TRIM_THRESHOLD is -1 and M_MMAP_THRESHOLD -3 in the GNU C library; others have no `mallopt`.
    """
    if sys.platform == "linux":
        import ctypes  # polars imports it as well

        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(-1, 64 << 20)
            mallopt(-3, 32 << 20)


def defer(name: str) -> None:
    """Puts a stand-in for a module into `sys.modules`, which becomes the module when something in it is asked for.

    (`importlib.util.LazyLoader` would be asked already by the second `import` of the module, and is not safe with threads.)
    """
    if name in sys.modules:
        return
    module, lock = ModuleType(name), Lock()
    module.__spec__ = ModuleSpec(name, None)

    def ask(attribute: str) -> Any:
        with lock:
            if sys.modules.get(name) is module:
                del sys.modules[name]
        real = import_module(name)
        module.__dict__.update(real.__dict__)
        return getattr(real, attribute)

    module.__getattr__ = ask  # type: ignore[method-assign]  # PEP 562
    sys.modules[name] = module
    package, _, own = name.rpartition(".")
    if package:
        setattr(import_module(package), own, module)


class _Hastening:
    """Finds large packages where everybody does, and sees to it that what we never use is left out of their import."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """As `importlib.abc.MetaPathFinder` has it."""
        in_haste = _IN_HASTE.get(name)
        spec = PathFinder.find_spec(name, path, target) if in_haste else None
        if in_haste and spec and spec.loader:
            execute = spec.loader.exec_module

            def hasten(module: ModuleType) -> None:
                with in_haste():
                    execute(module)

            spec.loader.exec_module = hasten  # type: ignore[method-assign]
        return spec


def _numpy_in_haste() -> AbstractContextManager[None]:
    """While numpy is imported: its docstrings are absent, and its results of no declared type."""
    typing = ModuleType("numpy._typing")
    typing.NDArray = list  # type: ignore[attr-defined]  # anything that takes a type in brackets
    return _standing_in(typing, *map(ModuleType, _FOR_READERS))


def _polars_in_haste() -> AbstractContextManager[None]:
    """While polars is imported: functions for other formats import their module when they are called."""
    return _standing_in(*map(_module_of_calls, _SELDOM_CALLED))


@contextmanager
def _pandera_in_haste() -> Iterator[None]:
    """While pandera is imported: it finds no pandas, and leaves out what it has for it, four fifths of its import."""
    absence = _Absence("pandas")
    sys.meta_path.insert(0, absence)
    try:
        yield
    finally:
        sys.meta_path.remove(absence)


_IN_HASTE: dict[str, Callable[[], AbstractContextManager[None]]] = {
    "numpy": _numpy_in_haste,
    "polars": _polars_in_haste,
    "pandera": _pandera_in_haste,
    "pandera.polars": _pandera_in_haste,
}


class _Absence:
    """Lets a module that is not imported yet appear not to be installed."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:  # noqa: ARG002
        """As `importlib.abc.MetaPathFinder` has it."""
        if name == self._name:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


@contextmanager
def _standing_in(*modules: ModuleType) -> Iterator[None]:
    """While modules are imported in whose place others stand."""
    mine = {module.__name__: module for module in modules if module.__name__ not in sys.modules}
    sys.modules.update(mine)
    try:
        yield
    finally:
        for name, module in mine.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]


def _module_of_calls(name: str) -> ModuleType:
    """A module of which any name is a function that calls the one of the real module."""
    module = ModuleType(name)

    def ask(attribute: str) -> Callable[..., Any]:
        if attribute.startswith("__"):
            raise AttributeError(attribute)

        def call(*arguments: Any, **options: Any) -> Any:
            return getattr(import_module(name), attribute)(*arguments, **options)

        return call

    module.__getattr__ = ask  # type: ignore[method-assign]  # PEP 562
    return module
