"""The form of `.sav` and `.zsav`: how variables stand in rows, and a file that is being read, as far as releases go.

header      how the rows are compressed (not, by codes, or so in zlib streams) and how many there are
records     variables and their labels; long names and widths of long texts are said behind them
rows        see spss; codes are found by following them, everything else is done a block of rows at a time
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

import numpy as np
import polars as pl
from numpy.typing import NDArray

from deedbook.release.formats import statistical
from deedbook.release.formats.texts import Texts

MAGIC, MAGIC_PACKED = b"$FL2", b"$FL3"
_MOST_SHORT, _SEGMENT, _HELD = 255, 256, 252
"""Bytes of the longest text in one piece, of a piece in a row, and of those that SPSS counts for each piece of a longer text."""
END, PLAIN, _SPACES, _MISSING = 252, 253, 254, 255
"""Codes: of the end of all rows, of an element that follows as it is, of eight spaces, of a missing number."""
_LEAST, BIAS, _GREATEST = -100, 100, 152
"""Whole numbers between the two are a code, which is larger by the bias."""
_EIGHT_SPACES = int.from_bytes(b" " * 8)
BLOCK = 0x3FF000
"""Bytes of rows in a zlib stream of a packed file, as every program writes them."""
HEADER_OF_PACKED = struct.Struct("<qqq")
"""Where it is itself, where the trailer is, and how long that is."""
BLOCK_OF_PACKED = struct.Struct("<qqii")
"""Where a block would be in a file that is not packed, where it is, and how many bytes it has unpacked and packed."""
_NUMBER_MISSING = -float.fromhex("0x1.fffffffffffffp+1023")


@dataclass(frozen=True, slots=True)
class Variable:
    """A column as it stands in rows: numbers, or texts of so many bytes at most."""

    name: str
    width: int

    @property
    def elements(self) -> int:
        """How many times eight bytes it takes in a row."""
        pieces = -(-self.width // _HELD) if self.width > _MOST_SHORT else 1
        return (pieces - 1) * _SEGMENT // 8 + -(-(self.width - (pieces - 1) * _HELD) // 8) if self.width else 1

    def coded(self, values: pl.Series) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
        """The elements of some rows, and the codes of these."""
        height = len(values)
        if not self.width:
            numbers = (values.fill_null(0) if values.null_count() else values).to_numpy()
            is_code = (numbers > _LEAST) & (numbers < _GREATEST) & (np.trunc(numbers) == numbers)
            codes = np.where(is_code, numbers + BIAS, PLAIN).astype(np.uint8)
            if values.null_count():
                codes[values.is_null().to_numpy()] = _MISSING
            return numbers.view(np.uint64)[:, np.newaxis], codes[:, np.newaxis]
        pieces = -(-self.width // _MOST_SHORT)
        texts = Texts.of(values).padded(pieces * _MOST_SHORT if pieces > 1 else self.elements * 8, b" ")
        if pieces > 1:
            spaced = np.full((height, max(pieces * _SEGMENT, self.elements * 8)), ord(" "), dtype=np.uint8)
            held = spaced[:, : pieces * _SEGMENT].reshape(height, pieces, _SEGMENT)
            held[:, :, :_MOST_SHORT] = texts.reshape(height, pieces, _MOST_SHORT)
            texts = np.ascontiguousarray(spaced[:, : self.elements * 8])
        elements = texts.view(np.uint64)
        return elements, np.where(elements == _EIGHT_SPACES, _SPACES, PLAIN).astype(np.uint8)

    def texts_of(self, elements: NDArray[np.uint64]) -> NDArray[np.uint8]:
        """The bytes of the texts of some rows, without those between the pieces of a longer one."""
        held = elements.view(np.uint8)
        if self.width <= _MOST_SHORT:
            return held
        pieces = -(-self.width // _MOST_SHORT)
        spaced = np.full((len(held), pieces * _SEGMENT), ord(" "), dtype=np.uint8)
        size = min(held.shape[1], spaced.shape[1])
        spaced[:, :size] = held[:, :size]
        return np.ascontiguousarray(spaced.reshape(-1, pieces, _SEGMENT)[:, :, :_MOST_SHORT]).reshape(len(held), -1)


def _values_of_codes() -> NDArray[np.uint64]:
    """The element that each code stands for."""
    values = (np.arange(256, dtype=np.float64) - BIAS).view(np.uint64)
    values[_SPACES] = _EIGHT_SPACES
    values[_MISSING] = np.array([_NUMBER_MISSING]).view(np.uint64)[0]
    return values


_VALUES = _values_of_codes()
_NO_CODE = 0
_ALL_PLAIN, _LOW = np.uint64(int.from_bytes([PLAIN] * 8)), np.uint64(0x7F7F7F7F_7F7F7F7F)
"""Eight codes of an element that follows, and all bits of eight bytes but the highest."""
_DOUBLINGS = 4
_LAST = 999
"""The type of the last record."""
_LONG_NAMES, _LONG_WIDTHS = 13, 14
_HEADER = struct.Struct("<4s60siiiii8x84x")
_VARIABLE = struct.Struct("<iiiii8s")
_BYTES = 4 << 20
"""Bytes of rows that are read at a time."""
_LARGEST_RECORD = 64 << 20


class SavFile:
    """A file that is being read.

    Raises:
        ValueError: when it is of another form.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        magic, _, layout, _, self._packing, _, self.height = _HEADER.unpack(self._take(_HEADER.size))
        if magic not in {MAGIC, MAGIC_PACKED} or layout != 2 or self._packing not in {0, 1, 2}:
            raise ValueError("is no file of SPSS")
        held, said = self._records()
        self._number()
        self._variables = [*_variables(held, said.get(_LONG_NAMES, {}), said.get(_LONG_WIDTHS, {}))]
        self.names: Sequence[str] = [one.name for one in self._variables]
        self._width = sum(one.elements for one in self._variables)
        if self._width != len(held):
            raise ValueError("has rows of another width than its variables")
        self._elements = self._unpacked()
        self._rest = np.empty(0, dtype=np.uint64)

    def _records(self) -> tuple[list[tuple[str, int]], dict[int, dict[str, str]]]:
        """Short name and width of each element of a row, and what is said behind them by short name."""
        held, said = list[tuple[str, int]](), dict[int, dict[str, str]]()
        while (kind := self._number()) != _LAST:
            match kind:
                case 2:
                    held.append(self._variable())
                case 3:
                    for _ in range(self._number()):
                        length = self._take(9)[8]
                        self._take(-(length + 1) % 8 + length)
                case 4:
                    self._take(4 * self._number())
                case 6:
                    self._take(80 * self._number())
                case 7:
                    about, size, count = (self._number() for _ in range(3))
                    content = self._take(size * count)
                    if about in {_LONG_NAMES, _LONG_WIDTHS}:
                        pairs = (entry.partition("=") for entry in content.decode().split("\t"))
                        said[about] = {name: text.rstrip("\0") for name, _, text in pairs}
                case _:
                    raise ValueError(f"has a record of the type {kind}")
        return held, said

    def _take(self, size: int) -> bytes:
        if not 0 <= size <= _LARGEST_RECORD:
            raise ValueError("has a record that no release has")
        content = self._stream.read(size)
        if len(content) < size:
            raise ValueError("ends early")
        return content

    def _number(self) -> int:
        return int.from_bytes(self._take(4), "little", signed=True)

    def _variable(self) -> tuple[str, int]:
        """The short name and the width of a variable; -1 of an element that continues one."""
        width, has_label, missing, _, _, name = _VARIABLE.unpack(self._take(_VARIABLE.size))
        if has_label:
            length = self._number()
            self._take(length + -length % 4)
        self._take(8 * abs(missing))
        return name.decode("utf-8", "replace").rstrip(" "), width

    def rows(self, expected: pl.DataFrame) -> dict[str, pl.Series]:
        """The next rows, as many as should be there."""
        count = expected.height * self._width
        parts = [self._rest]
        while sum(map(len, parts)) < count and (part := next(self._elements, None)) is not None:
            parts.append(part)
        held = np.concatenate(parts)
        if len(held) < count:
            raise ValueError("ends early")
        rows, self._rest = held[:count].reshape(expected.height, self._width), held[count:]
        found, place = dict[str, pl.Series](), 0
        for one in self._variables:
            own, place = np.ascontiguousarray(rows[:, place : place + one.elements]), place + one.elements
            if one.width:
                told = statistical.texts_in(one.texts_of(own), expected.get_column(one.name), b" ")
                found |= {one.name: told} if told is not None else {}
            else:
                numbers = own.view(np.float64)[:, 0]
                found[one.name] = pl.Series(one.name, numbers).set(pl.Series(numbers == _NUMBER_MISSING), None)
        return found

    def has_more(self) -> bool:
        """Whether there are rows that it does not count."""
        return bool(len(self._rest) or next(self._elements, None) is not None)

    def _unpacked(self) -> Iterator[NDArray[np.uint64]]:
        """The elements of all rows, some at a time."""
        if not self._packing:
            while content := self._stream.read(_BYTES):
                yield np.frombuffer(content[: len(content) // 8 * 8], dtype=np.uint64)
            return
        rest = b""
        for content in iter(lambda: self._stream.read(_BYTES), b"") if self._packing == 1 else self._blocks():
            data = rest + content
            units = np.frombuffer(data, dtype=np.uint64, count=len(data) // 8)
            places = _heads(units)
            starts, end = places[:-1], int(places[-1])
            rest, units = data[8 * end :], units[:end]
            is_plain = np.ones(len(units), dtype=bool)
            is_plain[starts] = False
            codes = units[starts].view(np.uint8)
            elements = _VALUES[codes]
            elements[codes == PLAIN] = units[is_plain]
            if len(found := elements[(codes != _NO_CODE) & (codes != END)]):
                yield found

    def _blocks(self) -> Iterator[bytes]:
        """What the zlib streams of a packed file hold."""
        _, trailer, size = HEADER_OF_PACKED.unpack(self._take(HEADER_OF_PACKED.size))
        self._stream.seek(trailer)
        blocks = [*BLOCK_OF_PACKED.iter_unpack(self._take(size)[BLOCK_OF_PACKED.size :])]
        for _, place, unpacked, packed in blocks:
            if not 0 <= unpacked <= _LARGEST_RECORD:
                raise ValueError("has a block that no release has")
            self._stream.seek(place)
            content = zlib.decompressobj().decompress(self._take(packed), unpacked)
            if len(content) < unpacked:
                raise ValueError("ends early")
            yield content


def _heads(units: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Where the codes of whole groups of elements stand, and where those end: behind codes come the elements that none stands for.

    From each place that could be one of codes the next is known, and so, by doubling, the sixteenth; only these are gone
    through one by one.
    """
    differing = units ^ _ALL_PLAIN
    is_none = ((differing & _LOW) + _LOW) | differing | _LOW  # of a byte without a bit, the highest stays 0
    places = np.arange(len(units) + 1)
    following = places.copy()
    following[:-1] += 1 + np.bitwise_count(~is_none)
    following = np.where(following > len(units), places, following)  # nothing follows one that is not whole
    following[-1] = len(units)
    far = following
    for _ in range(_DOUBLINGS):
        far = far[far]
    anchors, place = [0], int(far[0])
    while place != anchors[-1]:
        anchors.append(place)
        place = int(far[place])
    steps = [np.array(anchors)]
    for _ in range(2**_DOUBLINGS - 1):
        steps.append(following[steps[-1]])
    found = np.stack(steps, axis=1).ravel()
    return found[np.diff(found, prepend=-1) > 0]


def _variables(held: list[tuple[str, int]], names: dict[str, str], widths: dict[str, str]) -> Iterator[Variable]:
    """The variables of elements: those of a long text, which are several variables by themselves, as one."""
    place = 0
    while place < len(held):
        short, width = held[place]
        variable = Variable(names.get(short, short), int(widths.get(short, width)))
        yield variable
        place += variable.elements
