"""Frozen records that are cheap to define.

A frozen dataclass costs nearly a millisecond when its module is imported, since Python compiles six methods for it, and a
validation needs sixty: half of what our own modules take to load. For a `record` nothing is compiled: records are made, compared,
hashed and printed by functions that all of them share, and the type checker, which sees a frozen dataclass, keeps them frozen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as record
else:
    from dataclasses import MISSING, dataclass, fields

    def record(*, frozen, kw_only=False):  # noqa: ARG001  # `frozen` is the type checker's to hold
        """A decorator that makes a class a record of its annotated attributes."""

        def finish(cls):
            cls = dataclass(init=False, eq=False, repr=False, kw_only=kw_only)(cls)
            cls.__init__, cls.__eq__, cls.__hash__, cls.__repr__ = _fill, _equals, _hash, _show
            parts = fields(cls)
            cls._positional = () if kw_only else tuple(item.name for item in parts)
            cls._defaults = {item.name: item.default for item in parts if item.default is not MISSING}
            cls._makers = tuple(
                (item.name, item.default_factory) for item in parts if item.default_factory is not MISSING
            )
            return cls

        return finish

    def _fill(self, /, *values, **named):
        held = {**self._defaults, **dict(zip(self._positional, values, strict=False)), **named}
        for name, make in self._makers:
            if name not in held:
                held[name] = make()
        if held.keys() != self.__dataclass_fields__.keys() or len(values) > len(self._positional):
            _complain(self, held, values)
        self.__dict__.update(held)

    def _complain(self, held, values):
        known = self.__dataclass_fields__.keys()
        wrong = [
            *(f"lacks `{name}`" for name in known - held.keys()),
            *(f"has no `{name}`" for name in held.keys() - known),
        ]
        raise TypeError(f"{type(self).__qualname__} {', '.join(wrong) or f'takes fewer than {len(values)} values'}")

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
