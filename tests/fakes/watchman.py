"""A service that records the calls that it gets. A test sets PAPERWIRE_HEARTBEAT_URL to its address."""

from queue import Queue

from aiohttp import web

from tests.fakes.server import LoopbackServer


class Watchman(LoopbackServer):
    """Records the paths of requests and answers with `status`."""

    root = "/ping/sesame-4711"

    def __init__(self) -> None:
        super().__init__()
        self.status = 200
        self.calls: list[str] = []
        self.called: Queue[str] = Queue()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        self.calls.append(request.path_qs)
        self.called.put(request.path_qs)
        return web.Response(status=self.status)
