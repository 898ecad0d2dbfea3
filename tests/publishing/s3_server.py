"""An S3 on loopback in a process of its own: moto, one request at a time, so that its conditions are as atomic as S3's.

It can kill a publisher at the n-th request: before it is carried out, in the middle of its body, or when it is done but not answered.

    GET /_count                     requests since the last /_kill
    GET /_kill?pid=P&at=N&when=W    kill process P at the N-th request from now; W is before, body or after
    GET /_fail?at=N&times=T&how=H   fail T requests from the N-th on; H is html (502, not done), lost (done, 504), busy (429)
                                    or cut (done, half of the answer)

Usage: python -m tests.publishing.s3_server    prints its address
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

Answer = Callable[..., Any]


class Quiet(WSGIRequestHandler):
    """Logs nothing."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002  # the name that werkzeug gave it
        """Nothing."""


class Killing:
    """The application with somebody who waits for the n-th request."""

    def __init__(self, application: Callable[[dict[str, Any], Answer], Iterable[bytes]]) -> None:
        self.application = application
        self.count, self.pid, self.at, self.when = 0, 0, 0, ""
        self.failing, self.how = range(0), ""

    def __call__(self, environ: dict[str, Any], answer: Answer) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path in {"/_count", "/_kill", "/_fail"}:
            return self._control(environ, answer)
        self.count += 1
        is_the_one = self.pid and self.count == self.at
        if is_the_one and self.when != "after":
            if self.when == "body":
                environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0) // 2)
            os.kill(self.pid, signal.SIGKILL)
            answer("503 Service Unavailable", [("Content-Length", "0")])
            return [b""]
        if self.count in self.failing:
            return self._fail(environ, answer)
        done = b"".join(self.application(environ, answer))
        if is_the_one:
            os.kill(self.pid, signal.SIGKILL)
        return [done]

    def _fail(self, environ: dict[str, Any], answer: Answer) -> Iterable[bytes]:
        page = b"<html><body>Bad gateway</body></html>"
        if self.how == "cut":
            done = b"".join(self.application(environ, answer))
            return [done[: len(done) // 2]]
        if self.how == "lost":
            list(self.application(environ, lambda *_arguments: None))
        else:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        status = {"html": "502 Bad Gateway", "lost": "504 Gateway Timeout", "busy": "429 Too Many Requests"}[self.how]
        answer(status, [("Content-Length", str(len(page))), ("Content-Type", "text/html"), ("Retry-After", "1")])
        return [page]

    def _control(self, environ: dict[str, Any], answer: Answer) -> Iterable[bytes]:
        found = str(self.count).encode()
        if environ["PATH_INFO"] == "/_fail":
            query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
            self.count, self.pid, self.how = 0, 0, query["how"]
            self.failing = range(int(query["at"]), int(query["at"]) + int(query["times"]))
        if environ["PATH_INFO"] == "/_kill":
            query = {name: values[0] for name, values in parse_qs(environ["QUERY_STRING"]).items()}
            self.count, self.pid, self.at, self.when = 0, int(query["pid"]), int(query["at"]), query["when"]
        answer("200 OK", [("Content-Length", str(len(found)))])
        return [found]


if __name__ == "__main__":
    server = make_server(
        "127.0.0.1", 0, Killing(DomainDispatcherApplication(create_backend_app)), threaded=False, request_handler=Quiet
    )
    print(f"http://127.0.0.1:{server.port}", flush=True)  # noqa: T201  # whoever started it waits for this line
    server.serve_forever()
