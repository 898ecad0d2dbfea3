"""Commands on a disk that fails at one point: every write, sync, rename and link, also those of SQLite, Rust and C.

`faults.c` stands between the process and the C library. A command is run as often as it has points, each time in a copy of the same
folder, and spoiled at the next point. Then must hold: it ended with 75 or was killed, every file is the old one or the new one, a release
is whole or not there, nothing hidden is left; or it ended as ever and everything is new. The same command again then completes.

Usage: python -m benchmarks.faults [--each N] [--at POINT] [--fault FAULT] [COMMAND ...]     prints the points by command and fault; all of them without N
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import json
import os
import pkgutil
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import jinja2

import deedbook
from benchmarks import WORK
from deedbook.cli import main as command_line
from deedbook.release import pages

FAULTS = {"full": 1, "failing": 2, "short": 3, "killed": 4}
"""Full from that point on; one call that fails; one write of half the bytes, which callers go on from; SIGKILL in the middle of it."""
LIBRARY = WORK / "faults.so"
NAME = "deeds"
PASSING = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|urn:uuid:[0-9a-f-]+|(?<=sequence)\W+\d+")
"""Times, ids that are made of them, and the number that rises whenever a catalogue is written."""
LOCKS = {"catalogue/.lock"}
"""Left by who was killed with it, nobody's: the next who takes it removes it; who finds the work done takes none."""
SECONDS = 60
"""After which a command hangs."""
State = dict[str, bytes]


@dataclass(frozen=True)
class Act:
    """A command, and what comes before it in the same folder."""

    name: str
    arguments: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = ()
    again: tuple[int, ...] = (0,)
    """How it may end where its work is done already."""


PLAN = ("plan", "--write", "--date", "2026-11-22", "--quiet")
BUILD = ("build", "--quiet")
PUBLISH = ("publish", "--to", "public", "--quiet")
RELEASED = (PLAN, BUILD, PUBLISH)
ACTS = (
    Act("fmt", ("fmt",)),
    Act("plan --write", PLAN, (("fmt",),)),
    Act("build", BUILD, (PLAN,)),
    Act("publish", PUBLISH, (PLAN, BUILD)),
    Act("yank", ("yank", "1.0.0", "--to", "public", "--reason", "wrong"), RELEASED),
    Act("catalogue rebuild", ("catalogue", "rebuild", "--to", "public"), RELEASED),
    Act("fetch", ("fetch", NAME, "--from", "../catalogue", "-o", "../got", "--lock"), RELEASED),
)


def make_project(folder: Path) -> None:
    """Two tables that `fmt` has something to do in, with keys, categories and kinds of missing."""
    folder.mkdir(parents=True)
    kinds = {
        "name": "kind",
        "type": "string",
        "categories": [{"value": "1", "label": "one"}, {"value": "2", "label": "two"}],
    }
    tables = {
        "actors": ([{"name": "id", "type": "string"}, kinds], {}, "id,kind\nb,2\na,1\n"),
        "events": (
            [{"name": "id", "type": "string"}, {"name": "actor", "type": "string"}, {"name": "n", "type": "number"}],
            {"foreignKeys": [{"fields": "actor", "reference": {"resource": "actors", "fields": "id"}}]},
            'id,actor,n\ny,b,"2"\nx,a,1.50\n',
        ),
    }
    resources = []
    for name, (fields, keys, content) in tables.items():
        (folder / f"{name}.csv").write_text(content)
        resources.append(
            {"name": name, "path": f"{name}.csv", "schema": {"fields": fields, "primaryKey": ["id"], **keys}}
        )
    descriptor = {
        "name": NAME,
        "title": "Deeds",
        "version": "1.0.0",
        "licenses": [{"name": "CC0-1.0"}],
        "contributors": [{"title": "Ada Lovelace", "givenName": "Ada", "familyName": "Lovelace"}],
        "resources": resources,
    }
    (folder / "datapackage.json").write_text(json.dumps(descriptor))
    (folder / "deedbook.toml").write_text('[targets.public]\ntype = "directory"\npath = "../catalogue"\n')


@dataclass(frozen=True)
class Bench:
    """A folder with a copy of what a command starts from, which is spoiled, looked at, and made anew."""

    act: Act
    root: Path

    @property
    def place(self) -> Path:
        """Where the command runs: the project and all that it touches is below."""
        return self.root / "place"

    def renew(self) -> None:
        """The state before the command."""
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(self.root / "start", self.place, symlinks=True)

    def run(self, arguments: tuple[str, ...], kind: str = "", point: int = 0) -> tuple[int, int]:
        """The exit code of a command (minus 9 when killed), and how many points it came to."""
        count = self.root / "count"
        count.unlink(missing_ok=True)
        child = os.fork()
        if not child:
            _run(arguments, self.root, FAULTS.get(kind, 0), point)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return code, int(count.read_text()) if count.exists() else sys.maxsize

    def state(self) -> State:
        """The content of every file, without what passes; temporary files, caches and journals are left out."""
        return {
            path.relative_to(self.place).as_posix(): PASSING.sub(b"", path.read_bytes())
            for path in sorted(self.place.rglob("*"))
            if path.is_file()
            and path.relative_to(self.place).parts[0] not in {"home", "tmp"}
            and ".deedbook" not in path.parts
        }

    def said(self) -> str:
        """What the last command printed."""
        return (self.root / "said").read_text(errors="replace")[-600:]

    @cached_property
    def old(self) -> State:
        """Before the command."""
        self.renew()
        return self.state()

    @cached_property
    def new(self) -> State:
        """After it, when nothing goes wrong."""
        self.renew()
        code, _ = self.run(self.act.arguments)
        assert code == 0, self.said()
        return self.state()

    def problems_at(self, kind: str, point: int) -> tuple[int | None, list[str]]:
        """The points of the command if it was over before that one, and what is wrong after it and after a second run."""
        self.renew()
        code, count = self.run(self.act.arguments, kind, point)
        over = count < point or (kind == "killed" and code == 0)
        allowed = {0} if over or kind == "short" else {-signal.SIGKILL} if kind == "killed" else {0, 75}
        problems = [] if code in allowed else [f"ended with {code}: {self.said()}"]
        problems += self._differing(self.state(), self.new) if code == 0 else self._unsound(code, self.state())
        if not over:
            again, _ = self.run(self.act.arguments)
            if again not in self.act.again:
                problems.append(f"the second run ended with {again}: {self.said()}")
            problems += [f"after the second run: {wrong}" for wrong in self._differing(self.state(), self.new)]
        return count if over else None, problems

    def _unsound(self, code: int, found: State) -> Iterator[str]:
        for name in sorted(found.keys() | (self.old.keys() & self.new.keys())):
            is_hidden = any(part.startswith(".") for part in Path(name).parts)
            if is_hidden and code > 0 and name not in self.old.keys() | self.new.keys():
                yield f"{name} was left behind"
            if not is_hidden and found.get(name) not in (self.old.get(name), self.new.get(name)):
                yield f"{name} is neither old nor new"
        is_listed = b'"1.0.0"' in found.get("catalogue/catalog.json", b"")
        for folder, is_there in (("project/dist", None), ("catalogue", is_listed)):
            release = f"{folder}/{NAME}/1.0.0/"
            wanted = {name for name in self.new if name.startswith(release)}
            if (wanted & found.keys() if is_there is None else is_there) and not wanted <= found.keys():
                yield f"{release} is not whole: without {sorted(wanted - found.keys())}"

    @staticmethod
    def _differing(found: State, wanted: State) -> Iterator[str]:
        for name in sorted((found.keys() | wanted.keys()) - LOCKS):
            if found.get(name) != wanted.get(name):
                yield f"{name} {'is not new' if name in found and name in wanted else 'is there' if name in found else 'is missing'}"


def _run(arguments: tuple[str, ...], root: Path, kind: int, point: int) -> None:
    """Runs a command in this process, on that disk."""
    place = root / "place"
    for name, folder in (("DEEDBOOK_HOME", "home"), ("TMPDIR", "tmp")):
        (place / folder).mkdir(exist_ok=True)
        os.environ[name] = str(place / folder)
    said = os.open(root / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    os.chdir(place / "project")
    disk = ctypes.CDLL(None)
    disk.arm_disk(kind, ctypes.c_long(point), os.fsencode(place) + b"/")
    signal.alarm(SECONDS)
    code = command_line.run(arguments)
    count = disk.count_disk()
    disk.arm_disk(0, ctypes.c_long(0), b"")
    (root / "count").write_text(str(count))
    os._exit(code)  # nothing of the tests' is to be done at the end of a command


def warm_up() -> None:
    """Imports what commands import and compiles their templates, once for all of them."""
    for module in pkgutil.walk_packages(deedbook.__path__, "deedbook."):
        if not module.name.startswith(("deedbook.__main__", "deedbook.models", "deedbook.publishing.targets.s3")):
            importlib.import_module(module.name)
    for name in ("pandera.polars", "jsonschema", "xlsxwriter", "pyreadstat"):
        importlib.import_module(name)
    for package in ("release", "catalogue"):
        folder = Path(deedbook.__path__[0], package, "templates")
        for template in folder.glob("*.j2"):
            with suppress(jinja2.TemplateError):
                pages.render_in(folder, template.name)


def load_disk() -> None:
    """Starts this program anew with the library before the C library, unless it is there."""
    if LIBRARY.name in os.environ.get("LD_PRELOAD", ""):
        return
    LIBRARY.parent.mkdir(exist_ok=True)
    source, made = Path(__file__).with_suffix(".c"), LIBRARY.with_name(f"{os.getpid()}.so")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", made, source, "-ldl"], check=True)  # noqa: S603, S607  # our own
    made.replace(LIBRARY)
    program = [sys.executable, "-m", "benchmarks.faults", *sys.argv[1:]]
    os.execve(sys.executable, program, {**os.environ, "LD_PRELOAD": str(LIBRARY)})  # noqa: S606


def main() -> int:
    """Prints the table; 1 when something was left neither old nor new, or could not be completed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("commands", nargs="*", metavar="COMMAND")
    parser.add_argument("--each", type=int, default=1, help="tries every N-th point only")
    parser.add_argument("--at", type=int, default=1, help="begins at this point")
    parser.add_argument("--fault", choices=FAULTS, action="append")
    asked = parser.parse_args()
    load_disk()
    warm_up()
    bad = 0
    print("| command | fault | points | tried | wrong |\n|---|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as scratch:
        for act in ACTS:
            if asked.commands and act.name not in asked.commands:
                continue
            bench = Bench(act, Path(scratch, act.name.replace(" ", "")))
            make_project(bench.place / "project")
            for arguments in act.before:
                code, _ = bench.run(arguments)
                assert code == 0, bench.said()
            bench.place.rename(bench.root / "start")
            time.sleep(1.1)  # a feed is in the order of seconds
            for kind in asked.fault or FAULTS:
                points, tried, wrong = try_points(bench, kind, range(asked.at, sys.maxsize, asked.each))
                bad += wrong
                print(f"| {act.name} | {kind} | {points} | {tried} | {wrong} |", flush=True)
    return 1 if bad else 0


def try_points(bench: Bench, kind: str, at: range) -> tuple[int, int, int]:
    """How many points there are, how many were tried, and at how many something was wrong."""
    wrong = 0
    for tried, point in enumerate(at):
        points, problems = bench.problems_at(kind, point)
        if problems:
            wrong += 1
            print(f"{bench.act.name}, {kind} at {point}: {'; '.join(problems)[:600]}", file=sys.stderr, flush=True)
        if points is not None:
            return points, tried, wrong
    raise AssertionError


if __name__ == "__main__":
    sys.exit(main())
