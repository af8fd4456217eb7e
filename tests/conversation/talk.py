"""The door of conversations: the door of `tests/product.py`, but what a person says is answered without a round.

The program is built anew for each message, and answers it. Nothing else happens: no source is read, nothing is
delivered or cleared up. So a message costs half of what it costs there. What needs a round is told in `tests/outside`.
"""

import asyncio

from bot.build import build_app
from bot.cli.log import start_logging
from bot.run.listeners import answer_once
from bot.settings import load_settings
from tests.product import Finished, Product, Stream, surroundings


class Talk(Product):
    """The program in a folder of its own, which does no rounds."""

    def answers(self) -> Finished:
        """Answers the updates that wait on Telegram. Returns what is logged."""
        out, err = Stream(), Stream()
        with surroundings(self.folder, self.settings, b"", out, err):
            asyncio.run(self._answer())
        return Finished(0, out.written(), err.written()).without_accident()

    async def _answer(self) -> None:
        settings = load_settings()
        start_logging(settings, quiet=False)
        app = build_app(settings, clock=self.clock)
        try:
            await answer_once(app)
        finally:
            app.store.commits = 0  # so that nothing is brought into the file from SQLite's log
            await app.close()
