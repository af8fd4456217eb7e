"""The door of conversations: the door of `tests/product.py`, but what a person says is answered without a round.

The program is built anew for each message, and answers it. Nothing else happens: no source is read, nothing is
delivered or cleared up, and no request leaves the process. So a message costs a third of what it costs there. What needs
a round, a real process or a platform that fails is told in `tests/outside`.
"""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from telegram.request import HTTPXRequest, RequestData

from bot.app import build_app
from bot.cli.log import start_logging
from bot.operation.worker import answer_once
from bot.settings import load_settings
from tests.fakes.telegram import FakeTelegram, call_of
from tests.product import Finished, Product, Stream, surroundings


class Talk(Product):
    """The program in a folder of its own, with a fake Telegram whose server need not run."""

    def runs(self, *arguments: str, stdin: bytes = b"") -> Finished:
        with _in_this_process(self.telegram):
            return super().runs(*arguments, stdin=stdin)

    def answers(self) -> Finished:
        """Answers the updates that wait on Telegram. Returns what is logged."""
        out, err = Stream(), Stream()
        with surroundings(self.folder, self.settings, b"", out, err), _in_this_process(self.telegram):
            asyncio.run(self._answer())
        return Finished(0, out.written(), err.written())

    async def _answer(self) -> None:
        settings = load_settings()
        start_logging(settings, quiet=False)
        app = build_app(settings, clock=self.clock)
        try:
            await answer_once(app)
        finally:
            app.store.commits = 0  # so that nothing is brought into the file from SQLite's log
            await app.close()


@contextmanager
def _in_this_process(telegram: FakeTelegram) -> Iterator[None]:
    """Lets the program ask a fake Telegram by calls, not over HTTP."""

    async def answered(
        _: HTTPXRequest, url: str, method: str, request_data: RequestData | None = None, **__: Any
    ) -> tuple[int, bytes]:
        given = request_data or RequestData()
        files: dict[str, Any] = {field: (file[0], file[1]) for field, file in given.multipart_data.items()}
        call = call_of(unquote(urlsplit(url).path), {**given.json_parameters}, files)
        telegram.requests.append((call.method, call.chat))
        response = await telegram.respond(call)
        return response.status, json.dumps(response.body).encode() if response.data is None else response.data

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(HTTPXRequest, "do_request", answered)
        yield
