"""Records that are cheap to define.

A dataclass costs up to a millisecond when its module is imported, since Python compiles six methods for it, and a validation
needs seventy: half of what our own modules take to load. For a `record` nothing is compiled: records are made, compared, hashed
and printed by functions that all of them share, and the type checker, which sees a dataclass, keeps the frozen ones frozen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass as record
else:
    from dataclasses import MISSING, dataclass, fields

    def record(*, frozen, kw_only=False):
        """A decorator that makes a class a record of its annotated attributes; one that is not frozen has no hash."""

        def finish(cls):
            cls = dataclass(init=False, eq=False, repr=False, kw_only=kw_only)(cls)
            cls.__init__ = _filler(cls, kw_only=kw_only)
            cls.__eq__, cls.__hash__, cls.__repr__ = _equals, _hash if frozen else None, _show
            return cls

        return finish

    def _filler(cls, *, kw_only):
        parts = fields(cls)
        known = {item.name for item in parts}
        positional = () if kw_only else tuple(item.name for item in parts)
        defaults = {item.name: item.default for item in parts if item.default is not MISSING}
        makers = [(item.name, item.default_factory) for item in parts if item.default_factory is not MISSING]

        def fill(self, /, *values, **named):
            held = {**defaults, **named}
            if values:
                held.update(zip(positional, values, strict=False))
            for name, make in makers:
                if name not in held:
                    held[name] = make()
            if held.keys() != known or len(values) > len(positional):
                wrong = [f"lacks `{item.name}`" for item in parts if item.name not in held]
                wrong += [f"has no `{name}`" for name in held if name not in known]
                raise TypeError(f"{cls.__qualname__} {', '.join(wrong) or 'is given too many values'}")
            self.__dict__ = held

        return fill

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
