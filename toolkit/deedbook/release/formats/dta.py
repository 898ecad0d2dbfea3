"""The form of Stata's `.dta`, release 118: kinds of variables, and a file that is being read, as far as releases go.

Of long texts, which stand behind all rows, their places are in memory: sixteen bytes each.
"""

import os
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deedbook.release.formats import statistical

Places = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Storage:
    """How a kind is stored: its code, numpy's word for it, how Stata shows it, the missing value, the least that is none.

    From `missing` it is a `step` to `.a`, and from each letter to the next.
    """

    code: int
    layout: str
    format: str
    missing: float = 0
    least: int = 0
    step: float = 1


INTEGERS = (
    Storage(65_530, "<i1", "%8.0g", 101, -127),
    Storage(65_529, "<i2", "%8.0g", 32_741, -32_767),
    Storage(65_528, "<i4", "%12.0g", 2_147_483_621, -2_147_483_647),
)
"""Byte, int and long."""
DOUBLE = Storage(65_526, "<f8", "%10.0g", float.fromhex("0x1p+1023"), step=float.fromhex("0x1p+1011"))
LONG_TEXT = Storage(32_768, "<u8", "%9s")
NAME = 129
"""Bytes of a name, a closing zero among them."""
LONG_TEXT_HEAD = np.dtype([("word", "S3"), ("variable", "<u4"), ("row", "<u8"), ("kind", "u1"), ("length", "<u4")])
ROW = 1 << 16
"""A long text is known by its variable, and this many times its row."""
_WIDEST_TEXT = 2045
_HEADER = re.compile(
    rb"<stata_dta><header><release>118</release><byteorder>LSF</byteorder><K>(..)</K><N>(.{8})</N>"
    rb"<label>.{2,400}?</label><timestamp>.{1,20}</timestamp></header><map>(.{112})</map>",
    re.DOTALL,
)
_MOST_HEADER = 1000
_NO_PLACES = np.array([], dtype=np.uint64)


class StataFile:
    """A file of release 118 that is being read, as far as `write_dta` goes.

    Raises:
        ValueError: when it is of another form.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        head = _HEADER.match(stream.read(_MOST_HEADER))
        if head is None:
            raise ValueError("is no file of Stata's release 118")
        (count,), (self.height,) = struct.unpack("<H", head[1]), struct.unpack("<Q", head[2])
        self._map = struct.unpack("<14Q", head[3])
        codes = np.frombuffer(self._section(2, b"<variable_types>", 2 * count), dtype="<u2")
        names = np.frombuffer(self._section(3, b"<varnames>", NAME * count), dtype=f"S{NAME}")
        self.names: Sequence[str] = [bytes(name).partition(b"\0")[0].decode() for name in names]
        self._storages = [_storage_of(int(code)) for code in codes]
        self._layout = np.dtype([(f"v{place}", item.layout) for place, item in enumerate(self._storages)])
        self._place = self._map[9] + len(b"<data>")
        size = self._map[10] - self._place - len(b"</data>")
        if size != self.height * self._layout.itemsize or self._section(9, b"<data>", 0):
            raise ValueError("has a place for other rows than it counts")
        self._long = self._long_texts() if LONG_TEXT in self._storages else (_NO_PLACES, _NO_PLACES)

    def _section(self, place: int, tag: bytes, size: int) -> bytes:
        """What a section begins with."""
        self._stream.seek(self._map[place])
        content = self._stream.read(len(tag) + size)
        if not content.startswith(tag) or len(content) < len(tag) + size:
            raise ValueError(f"has no section {tag.decode()}")
        return content[len(tag) :]

    def _long_texts(self) -> tuple[Places, Places]:
        """Which long texts there are, by row and variable, rising, and where the head of each stands."""
        self._section(10, b"<strls>", 0)
        place, heads, found = self._stream.tell(), list[int](), list[int]()
        while (head := self._stream.read(LONG_TEXT_HEAD.itemsize)).startswith(b"GSO"):
            if len(head) < LONG_TEXT_HEAD.itemsize:
                raise ValueError("ends early")
            _, variable, row, _, length = np.frombuffer(head, dtype=LONG_TEXT_HEAD)[0].item()
            found.append(row * ROW + variable)
            heads.append(place)
            place = self._stream.seek(length, os.SEEK_CUR)
        order = np.argsort(np.array(found, dtype=np.uint64), kind="stable")
        return np.array(found, dtype=np.uint64)[order], np.array(heads, dtype=np.uint64)[order]

    def rows(self, expected: pl.DataFrame) -> dict[str, pl.Series]:
        """The next rows, as many as should be there."""
        self._stream.seek(self._place)
        content = self._stream.read(size := expected.height * self._layout.itemsize)
        self._place += size
        if len(content) < size:
            raise ValueError("ends early")
        records = np.frombuffer(content, dtype=self._layout)
        found = dict[str, pl.Series]()
        for place, (name, storage) in enumerate(zip(self.names, self._storages, strict=True)):
            held = np.ascontiguousarray(records[f"v{place}"])
            if storage == LONG_TEXT:
                found[name] = pl.Series(name, self._texts_at(held), dtype=pl.String)
            elif storage.layout.startswith("S"):
                texts = held.view(np.uint8).reshape(len(held), -1)
                told = statistical.texts_in(texts, expected.get_column(name), b"\0")
                found |= {name: told} if told is not None else {}
            else:
                is_missing = pl.Series(held >= storage.missing)
                found[name] = pl.Series(name, held.astype(np.float64)).set(is_missing, None)
                if (kinds := statistical.kinds_of(name)) in expected.columns:
                    letters = pl.Series(
                        np.where(is_missing, (held - storage.missing) / storage.step, 0).astype(np.int64)
                    )
                    found[kinds] = letters.set(letters == 0, None)
        return found

    def has_more(self) -> bool:
        """Whether there are rows that it does not count, for which its sections have no place."""
        return False

    def _texts_at(self, references: Places) -> list[str]:
        """The long texts of some rows."""
        known, heads = self._long
        places, texts = np.searchsorted(known, references), list[str]()
        for reference, place in zip(references.tolist(), places.tolist(), strict=True):
            if not reference:
                texts.append("")
                continue
            if known[place] != reference:
                raise ValueError("refers to a long text that is not there")
            self._stream.seek(int(heads[place]))
            head = np.frombuffer(self._stream.read(LONG_TEXT_HEAD.itemsize), dtype=LONG_TEXT_HEAD)[0]
            texts.append(self._stream.read(int(head["length"])).partition(b"\0")[0].decode())
        return texts


def _storage_of(code: int) -> Storage:
    """How a kind is stored.

    Raises:
        ValueError: when no release has it.
    """
    known = {item.code: item for item in (*INTEGERS, DOUBLE, LONG_TEXT)}
    if code in known:
        return known[code]
    if not 0 < code <= _WIDEST_TEXT:
        raise ValueError(f"has a variable of the type {code}")
    return Storage(code, f"S{code}", f"%{code}s")
