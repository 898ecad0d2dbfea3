"""How many files and functions of the toolkit one failing cell enters, from the command line to the line of text.

Usage: python -m benchmarks.rooms [--list]

A table of three rows, one cell of which breaks its pattern, goes through `deedbook validate` in this process while a profiler
notes each function of the toolkit that is called. Another such table goes first, so that importing counts as nothing. Lambdas
and comprehensions belong to the function around them.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from benchmarks import REPOSITORY
from deedbook.cli.main import run

TOOLKIT = str(REPOSITORY / "toolkit" / "deedbook")


def make_project(folder: Path, pattern: str) -> None:
    """A package of one table, whose second row breaks the pattern."""
    schema: dict[str, Any] = {"fields": [{"name": "code", "type": "string", "constraints": {"pattern": pattern}}]}
    resource = {"name": "data", "path": "data.csv", "schema": schema}
    (folder / "datapackage.json").write_text(json.dumps({"name": "rooms", "resources": [resource]}), encoding="utf-8")
    (folder / "data.csv").write_text("code\nABC\nab\nXYZ\n", encoding="utf-8")


def entered(folder: Path) -> set[CodeType]:
    """The functions of the toolkit that are called when the project is validated."""
    found: set[CodeType] = set()

    def note(frame: FrameType, event: str, _argument: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(TOOLKIT) and not code.co_name.startswith("<"):
            found.add(code)

    with contextlib.redirect_stdout(io.StringIO()) as said:
        make_project(folder, "[A-Z]{3,4}")
        run(["validate", str(folder)])
        make_project(folder, "[A-Z]{3}")
        sys.setprofile(note)
        try:
            run(["validate", str(folder)])
        finally:
            sys.setprofile(None)
    assert said.getvalue().count("does not match the pattern") == 2, said.getvalue()
    return found


def main() -> None:
    """Prints the two figures, and with `--list` where they come from."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--list", action="store_true", help="name the functions of each file")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = entered(Path(folder))
    files = Counter(Path(code.co_filename).relative_to(TOOLKIT).as_posix() for code in found)
    for file, count in sorted(files.items()) if chosen.list else ():
        names = sorted(code.co_qualname for code in found if code.co_filename == f"{TOOLKIT}/{file}")
        print(f"{count:4} {file}: {', '.join(names)}")
    print(f"{len(files)} files, {len(found)} functions")


if __name__ == "__main__":
    main()
