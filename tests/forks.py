"""`deedbook` as a program whose start costs little: a fork of a process that has imported everything.

For tests that start it hundreds of times and are about what it says, not about how it starts. Every start is a process of its own, with the
folder, the variables, the streams and the arguments of whoever starts it.

Usage: python -m tests.forks SOCKET     waits at the socket; `forking` starts it and gives the program that asks there
"""

from __future__ import annotations

import array
import atexit
import gc
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks.faults import warm_up
from deedbook import __main__ as program

ROOT = Path(__file__).parents[1]
STREAMS = (("stdin", "r", "surrogateescape"), ("stdout", "w", "surrogateescape"), ("stderr", "w", "backslashreplace"))
"""As Python opens them in its UTF-8 mode."""
_CLIENT = """\
#!{python} -IS
import array, json, os, socket, sys
asked = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    streams = array.array("i", [0, 1, 2])
    server.sendmsg([len(asked).to_bytes(4, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, streams)])
    server.sendall(asked)
    code = server.recv(1)
sys.exit(code[0] if code else "the process ended without an exit code")
"""


@contextmanager
def forking() -> Iterator[Path]:
    """The program, for as long as the process that it is forked from lives."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)  # not one of pytest's, whose paths are longer than the address of a socket may be
        client = folder / "deedbook"
        client.write_text(_CLIENT.format(python=sys.executable, address=str(folder / "socket")))
        client.chmod(0o755)
        command = [sys.executable, "-m", "tests.forks", str(folder / "socket")]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as server:
            try:
                assert server.stdout
                assert server.stdout.readline() == b"ready\n"
                yield client
            finally:
                server.kill()


def serve(address: str) -> None:
    """Answers whoever asks, one process each, until it is killed."""
    warm_up()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            client, _ = server.accept()
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    """One that ended is let go."""
            if not os.fork():
                server.close()
                _run(client)
            client.close()


def _run(client: socket.socket) -> None:
    """Does what is asked for, in this process, and ends it."""
    streams = array.array("i")
    size, [(_, _, handles)], _, _ = client.recvmsg(4, socket.CMSG_LEN(3 * streams.itemsize))
    streams.frombytes(handles)
    asked = b""
    while len(asked) < int.from_bytes(size, "big"):
        asked += client.recv(1 << 16)
    arguments, folder, variables = json.loads(asked)
    for number, (name, mode, errors) in enumerate(STREAMS):
        os.dup2(streams[number], number)
        os.close(streams[number])
        stream = open(number, mode, 1 if number == 2 else -1, encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)  # those of before know what they were, such as a file in which one can seek
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    sys.argv = ["deedbook", *arguments]
    code: object = 70
    try:
        program.main()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001  # as the interpreter does at the end
        traceback.print_exc()
    threading._shutdown()  # type: ignore[attr-defined]  # as at any end, but without taking modules apart
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    client.sendall(bytes([code if isinstance(code, int) else 0]))
    os._exit(0)


if __name__ == "__main__":
    serve(sys.argv[1])
