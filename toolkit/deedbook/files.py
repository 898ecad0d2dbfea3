"""The one way to replace a file or to make a folder, the lock of those who write, and what a disk that refuses is called.

A file is written under a temporary name of its own beside its place, to the last byte, read back, given the mode and the owner of
the file before, put on the disk, and only then renamed; then its folder is put on the disk too. So a crash, a kill, a full disk or
a loss of power leaves the old file or the new one, whole, and whoever reads meanwhile sees one of the two.

    .NAME.TOKEN.part            beside the file, locked by its writer; what a killed one left is removed by the next
    deedbook-PURPOSE-TOKEN/     where the system has temporary files, with a `.lock`; the same holds of it

A lock is freed by the system when the process that holds it dies, however it dies.
"""

import errno
import json
import os
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import EllipsisType
from typing import IO

from deedbook.errors import DeedbookError, RefusalError, SpaceError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

PART = ".part"
_OWNED = ".lock"
_LONGEST_STEM = 40
"""Characters of a file's name in that of its temporary file: names may have 255 bytes, and a character has up to four."""
_CLOSES_FIRST = os.name == "nt"
"""Windows neither renames nor removes a file that is open. Elsewhere it stays open, and so locked, until it has its name."""
_LOCKED_BYTE = 1 << 30
_HERE, _EXCHANGE = -100, 2
"""AT_FDCWD of Linux; RENAME_EXCHANGE there, and RENAME_SWAP of macOS, which is the same number."""
_LOCK_PAUSE = 0.02
"""Seconds between two tries to lock."""
_SHARING_PAUSES = (0.01, 0.05, 0.1, 0.3, 0.5)
"""Seconds between tries to rename on Windows, where a virus scanner or an indexer may hold a new file open for a moment."""
_FULL = ("disk is full", "no space left", os.strerror(errno.ENOSPC).lower(), os.strerror(errno.EDQUOT).lower())
_IS_FULL = "the disk is full"
_TOO_LARGE = "a file reached the largest size that is allowed here (ulimit -f)"
_REFUSALS = (
    ((errno.ENOSPC, errno.EDQUOT), _FULL, _IS_FULL),
    ((errno.EFBIG,), (os.strerror(errno.EFBIG).lower(),), _TOO_LARGE),
    (
        (errno.EIO,),
        ("input/output error", "disk i/o error", "unable to open database file"),
        "the disk does not take what is written",
    ),
)
"""Numbers of the system, words of SQLite and Rust, and what is said of them."""


def replace(
    path: Path,
    content: bytes,
    *,
    before: bytes | EllipsisType | None = ...,
    prove: Callable[[Path], object] = lambda _staged: None,
) -> None:
    """Puts a file with that content in its place.

    Args:
        path: Its place; a symbolic link stays one, and the file that it names is replaced.
        content: All of it.
        before: What the file held when it was read, None when there was none; not compared when left out.
        prove: Looks at the new file under its temporary name, and raises when it must not take the place.

    Raises:
        RefusalError: when the file holds something else than `before` by now.
        SpaceError: when the disk is full; the file is what it was, and nothing else is left.
        OSError: when it cannot be written for another reason; as above.
    """

    def prove_both(staged: Path) -> None:
        if staged.read_bytes() != content:
            raise OSError(errno.EIO, "what was written reads back otherwise", str(path))
        prove(staged)

    with replacement(path, before=before, prove=prove_both) as file:
        write_all(file.fileno(), content)


@contextmanager
def replacement(
    path: Path,
    *,
    before: bytes | EllipsisType | None = ...,
    prove: Callable[[Path], object] = lambda _staged: None,
) -> Iterator[IO[bytes]]:
    """A file to write to, which takes the place of `path` at the end of the block, or not at all when the block raises.

    Arguments and errors are those of `replace`, for content that does not fit into memory; nothing comes between `prove` and
    the place, so that whoever demands there that it is free, under a lock, takes no other's.
    """
    with explained_disk(f"{path} stays as it was"):
        target = path.resolve()
        sweep(target.parent)
        staged, handle = _open_part(target)
        try:
            with ExitStack() as stack:
                file = stack.enter_context(os.fdopen(handle, "wb"))
                yield file
                if target.exists():
                    was, now = target.stat(), staged.stat()
                    with suppress(PermissionError):  # whom it belongs to only where we may
                        if hasattr(os, "chown") and (was.st_uid, was.st_gid) != (now.st_uid, now.st_gid):
                            os.chown(staged, was.st_uid, was.st_gid)
                    staged.chmod(stat.S_IMODE(was.st_mode))
                file.flush()
                os.fsync(handle)
                if _CLOSES_FIRST:
                    stack.close()
                prove(staged)
                if before is not ... and (target.read_bytes() if target.exists() else None) != before:
                    raise RefusalError(f"{path}: somebody changed it in the meantime", "run the same command again")
                rename(staged, target)
        finally:
            with suppress(OSError):
                staged.unlink(missing_ok=True)


def _open_part(target: Path) -> tuple[Path, int]:
    """A new temporary file beside the target, locked for as long as it is open, so that nobody sweeps it away."""
    while True:
        staged = target.with_name(f".{target.name[:_LONGEST_STEM]}.{os.urandom(8).hex()}{PART}")
        handle = os.open(staged, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        if not try_lock(handle) or staged.exists():  # a system without locks sweeps nothing
            return staged, handle
        os.close(handle)  # swept between our two steps


def try_lock(handle: int) -> bool:
    """Locks an open file for this process until it is closed; False when another one holds it, or the system has no locks."""
    try:
        if sys.platform == "win32":
            os.lseek(handle, _LOCKED_BYTE, os.SEEK_SET)  # far behind the content: nobody else can read a locked byte
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            os.lseek(handle, 0, os.SEEK_SET)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def locked(path: Path, *, who: str, wait: float = 0.0) -> Iterator[None]:
    """Holds the lock file `path`, which has the process id of its owner and is gone at the end.

    Args:
        path: In a folder that exists.
        who: What others are told about the owner: `build`.
        wait: Seconds to wait for another owner.

    Raises:
        RefusalError: when another process still holds it then.
    """
    until = time.monotonic() + wait
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        is_mine = try_lock(handle)
        with suppress(FileNotFoundError):  # its owner removed the file between our two steps
            if is_mine and os.path.samestat(os.fstat(handle), path.stat()):
                break
        owner = os.read(handle, 20).decode("ascii", "replace").strip() or "unknown"
        os.close(handle)
        if not is_mine and time.monotonic() >= until:
            raise RefusalError(f"another {who} (process {owner}) is writing to {path.parent}", "wait until it ends")
        time.sleep(0 if is_mine else _LOCK_PAUSE)
    with os.fdopen(handle, "r+b", buffering=0) as file:
        try:
            file.truncate(0)
            file.write(f"{os.getpid()}\n".encode("ascii"))
            yield
        finally:
            if _CLOSES_FIRST:
                file.close()
            with suppress(OSError):  # it is gone, or on Windows another process has it open by now and will remove it
                path.unlink()


@contextmanager
def new_folder(place: Path, staged: Path) -> Iterator[Path]:
    """A folder to fill, `staged`, which is put on the disk and becomes `place` at the end of the block, or is gone when that raises."""
    shutil.rmtree(staged, ignore_errors=True)
    try:
        staged.mkdir()
        yield staged
        for path in (*staged.rglob("*"), staged):
            sync(path)
        rename(staged, place)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def json_document(record: object) -> str:
    """A record as the text of a JSON file that people read too: indented, in its own letters, with a line end."""
    return json.dumps(record, ensure_ascii=False, indent=2) + "\n"


def write_all(handle: int, content: bytes) -> None:
    """Writes to the last byte; the system may take fewer at once, as on a disk that is nearly full, or on NFS."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]


def rename(source: Path, target: Path) -> None:
    """Gives a file or folder that is on the disk its name, and puts the name on the disk too."""
    for pause in _SHARING_PAUSES if sys.platform == "win32" else ():
        try:
            source.replace(target)
            break
        except PermissionError:
            time.sleep(pause)
    else:
        source.replace(target)
    sync(target.parent)


def exchange(one: Path, other: Path) -> bool:
    """Swaps the names of two folders in one step; False where the system (Linux and macOS can) or the file system cannot."""
    if _CLOSES_FIRST:
        return False
    import ctypes

    system = ctypes.CDLL(None)
    names = os.fsencode(one), os.fsencode(other)
    if hasattr(system, "renameat2"):
        done: bool = system.renameat2(_HERE, names[0], _HERE, names[1], _EXCHANGE) == 0
    else:
        done = hasattr(system, "renamex_np") and system.renamex_np(*names, _EXCHANGE) == 0
    if done:
        sync(other.parent)
    return done


def sync(path: Path) -> None:
    """Waits until a file or a folder is on the disk; some systems cannot do that to folders."""
    is_folder = path.is_dir()
    if sys.platform == "win32" and is_folder:
        return
    handle = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if not (is_folder and error.errno in {errno.EINVAL, errno.ENOTSUP, errno.EBADF}):  # shares of SMB, FUSE
            raise
    finally:
        os.close(handle)


def disk_refusal(error: BaseException) -> str:
    """How the disk refused, whoever says it: Python, SQLite, or Rust and C in words of their own; empty if it did not."""
    number, text = getattr(error, "errno", None), str(error).lower()
    refused = (said for numbers, words, said in _REFUSALS if number in numbers or any(one in text for one in words))
    return next(refused, "")


def is_full(error: BaseException) -> bool:
    """Whether the disk, or somebody's share of it, had no room left."""
    return disk_refusal(error) == _IS_FULL


@contextmanager
def explained_disk(consequence: str, hint: str = "free some space and try again") -> Iterator[None]:
    """Turns whatever a full or failing disk raises in the block into one clear error.

    Args:
        consequence: What it means for the user: `t.csv stays as it was`.
        hint: What to do about it.

    Raises:
        SpaceError: in place of such an error; others pass.
    """
    try:
        yield
    except DeedbookError:
        raise
    except Exception as error:
        if reason := disk_refusal(error):
            raise SpaceError(f"{reason}: {consequence}", hint) from None
        raise


def sweep(folder: Path) -> None:
    """Removes temporary files of `replace` whose writers are dead: whoever lives holds a lock on his."""
    for stale in folder.glob(f".*.{'[0-9a-f]' * 16}{PART}"):
        with suppress(OSError):
            handle = os.open(stale, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
            try:
                is_dead = try_lock(handle)
            finally:
                os.close(handle)
            if is_dead:
                stale.unlink()


@contextmanager
def scratch(purpose: str) -> Iterator[Path]:
    """A temporary folder, gone at the end; those that killed runs left for the same purpose are removed first.

    It is locked, before it has its name, for as long as it is there: so whoever sweeps knows that its owner lives.
    """
    import tempfile  # takes longer than all else here, which every start of the program needs

    home, start = Path(tempfile.gettempdir()), f"deedbook-{purpose}-"
    for stale in home.glob(f"{start}*"):
        with suppress(OSError):
            handle = os.open(stale / _OWNED, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
            try:
                is_own = sys.platform == "win32" or os.fstat(handle).st_uid == os.getuid()
                is_dead = is_own and try_lock(handle)
            finally:
                os.close(handle)
            if is_dead and not stale.is_symlink():
                shutil.rmtree(stale)
    new = Path(tempfile.mkdtemp(prefix=start if _CLOSES_FIRST else f".{start}", dir=home))
    handle = os.open(new / _OWNED, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    folder = new.with_name(new.name.removeprefix("."))
    try:
        try_lock(handle)
        yield new.rename(folder) if new != folder else folder
    finally:
        os.close(handle)
        for place in (new, folder):
            shutil.rmtree(place, ignore_errors=True)
