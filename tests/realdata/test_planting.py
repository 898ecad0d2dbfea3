"""The planter knows records from lines."""

from __future__ import annotations

from pathlib import Path

from tests.realdata.planting import plant, read_records


def test_records_with_line_breaks_are_one_record_on_several_lines(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(b'a,b\n1,"x\ny"\n2,z\n3,"say ""hi"""\n')
    records = read_records(path)
    assert records.texts == (b"a,b\n", b'1,"x\ny"\n', b"2,z\n", b'3,"say ""hi"""\n')
    assert records.lines == (1, 2, 4, 5)
    assert records.after_multi_line == [3]
    assert plant(records, 3, lambda text: text.replace(b"z", b"!"), tmp_path / "out.csv") == 4
    assert (tmp_path / "out.csv").read_bytes() == path.read_bytes().replace(b"z", b"!")
