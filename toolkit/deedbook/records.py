"""Frozen records that are cheap to define.

A frozen dataclass costs nearly a millisecond when its module is imported, since Python compiles six methods for it, and a
validation needs sixty: half of what our own modules take to load. `record` compiles only `__init__`; records compare, hash
and print by functions that all of them share, and the type checker, which sees a frozen dataclass, keeps them frozen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as record
else:
    from dataclasses import dataclass, fields

    def record(*, frozen, kw_only=False):  # noqa: ARG001  # `frozen` is the type checker's to hold
        """A decorator that makes a class a record of its annotated attributes."""

        def finish(cls):
            cls = dataclass(eq=False, repr=False, kw_only=kw_only)(cls)
            cls.__eq__, cls.__hash__, cls.__repr__ = _equals, _hash, _show
            return cls

        return finish

    def _equals(self, other):
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, item.name) == getattr(other, item.name) for item in fields(self) if item.compare)

    def _hash(self):
        parts = fields(self)
        chosen = (item.name for item in parts if (item.compare if item.hash is None else item.hash))
        return hash((type(self), *(getattr(self, name) for name in chosen)))

    def _show(self):
        values = (f"{item.name}={getattr(self, item.name)!r}" for item in fields(self) if item.repr)
        return f"{type(self).__qualname__}({', '.join(values)})"


__all__ = ["record"]
