"""What is settled before polars and numpy are imported, which is most of a short run."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from importlib.machinery import ModuleSpec
from threading import Lock
from types import ModuleType
from typing import Any

_SELDOM_USED = ("importlib.metadata", "hashlib", "ipaddress", "shutil", "subprocess", "zipfile")
"""Modules that polars or we import for what few runs do; all of `email` and OpenSSL stand behind them."""
_NOT_USED = ("numpy._core._add_newdocs", "numpy._core._add_newdocs_scalars")
"""What numpy tells an interactive user of its functions, an eighth of its import; it keeps it in files of its own so that one may do without."""


def start_quickly() -> None:
    """From here on, importing polars and numpy takes a sixth less, and polars keeps memory that it freed for the next block."""
    gc.set_threshold(100_000, 50, 50)  # importing leaves next to nothing to collect
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads for matrices, of which there are none
    os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:10000")  # polars' allocator; half a second otherwise
    for name in _SELDOM_USED:
        defer(name)
    for name in _NOT_USED:
        sys.modules.setdefault(name, ModuleType(name))


def defer(name: str) -> None:
    """Puts a stand-in for a module into `sys.modules`, which imports the module when something in it is asked for.

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
        return getattr(import_module(name), attribute)

    module.__getattr__ = ask  # type: ignore[method-assign]  # PEP 562
    sys.modules[name] = module
    package, _, own = name.rpartition(".")
    if package:
        setattr(import_module(package), own, module)
