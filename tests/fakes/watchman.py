"""A service that records who calls it. PAPERWIRE_HEARTBEAT_URL may be its address."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from types import TracebackType
from typing import Any, Self


class Watchman:
    """An HTTP server on loopback that records the paths of requests and answers with `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.body = b""
        self.calls: list[str] = []
        self.called: Queue[str] = Queue()
        watchman = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                watchman.calls.append(self.path)
                watchman.called.put(self.path)
                self.send_response(watchman.status)
                self.send_header("Content-Length", str(len(watchman.body)))
                self.end_headers()
                self.wfile.write(watchman.body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as http.server names it
                """Logs nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/ping/sesame-4711"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.leaves()

    def leaves(self) -> None:
        """Closes the port."""
        self._server.shutdown()
        self._server.server_close()
