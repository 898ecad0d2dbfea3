"""What keeps a cluster from working is one sentence with the next step."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import pytest

from deedbook.cluster import session
from deedbook.cluster.session import on_executors, open_session, run
from deedbook.errors import ProjectError, RemoteError, UsageError


def test_a_master_that_cannot_be_reached_is_named_at_once() -> None:
    with pytest.raises(RemoteError, match=r"sc://127\.0\.0\.1:9 cannot be reached"), open_session("sc://127.0.0.1:9"):
        pass


def test_what_is_no_spark_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_PATIENCE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        master = f"sc://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(RemoteError, match="answers, but not as a Spark Connect server"), open_session(master):
            pass


@pytest.mark.parametrize("master", ["sc://", "sc://host:port", "spark://"])
def test_what_is_no_address_is_said(master: str) -> None:
    with pytest.raises(UsageError, match="is no address of a cluster"), open_session(master):
        pass


def test_executors_without_the_package_are_named(address: str) -> None:
    def work(_batches: object) -> object:
        raise ModuleNotFoundError("No module named 'deedbook'")

    with open_session(address) as opened, pytest.raises(ProjectError, match="the executors do not have deedbook"):
        run(on_executors(opened, 1, work, "a long").collect)  # type: ignore[arg-type]


def test_what_fails_on_an_executor_is_said_in_one_line(address: str) -> None:
    def work(_batches: object) -> object:
        raise ValueError("no luck")

    with open_session(address) as opened, pytest.raises(RemoteError, match=r"ValueError: no luck$"):
        run(on_executors(opened, 1, work, "a long").collect)  # type: ignore[arg-type]


def test_a_master_without_free_workers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_SILENCE", "_QUEUE"):
        monkeypatch.setattr(session, name, 0)
    alone = SimpleNamespace(getExecutorMemoryStatus=lambda: SimpleNamespace(size=lambda: 1))
    opened: Any = SimpleNamespace(sparkContext=SimpleNamespace(_jsc=SimpleNamespace(sc=lambda: alone)))
    with pytest.raises(
        RemoteError, match="spark://m:1 gave no executor in 0 seconds: it has no worker, or all of them"
    ):
        session.wait_for_executor(opened, "spark://m:1", session.say_nothing)
