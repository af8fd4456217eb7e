"""The console channel: prints messages to a text stream, each below the name of its chat."""

from typing import TextIO

from bot.platforms import base
from bot.platforms.base import Given, Platform
from bot.platforms.console import FACTS
from bot.platforms.console.markup import RENDERER
from subscriptions.model import ChatAddress, Message
from subscriptions.outcomes import SenderStopped, Unclear
from subscriptions.text.escaping import escaped_lines


class ConsolePlatform(Platform):
    """Prints every message to `stream`: standard output, or standard error with `--json`.

    The payload is {"text": "…"}, plain text. Control characters are printed as escapes, so that a paper cannot control
    the terminal.
    """

    facts = FACTS
    renderer = RENDERER

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    async def post(
        self,
        chat: ChatAddress,
        message: Message,
        *,
        delivery: str,
        thread: str | None = None,
        plain: bool = False,
    ) -> str:
        """See Platform. Returns the delivery's id and the message's number."""
        del thread, plain
        self._print(str(chat), str(base.read_message(message, "text")["text"]))
        return f"{delivery}-{message.number}"

    def _print(self, head: str, text: str) -> None:
        shown, encoding = escaped_lines(f"── {head} ──\n{text.rstrip()}\n\n"), self._stream.encoding or "utf-8"
        try:
            self._stream.write(shown.encode(encoding, "replace").decode(encoding))
            self._stream.flush()
        except (BrokenPipeError, ValueError) as error:
            # A closed pipe stays closed in this run (`paperwire deliver | head`), and a closed stream raises
            # ValueError. Everything stays planned for the next run.
            raise SenderStopped("No one reads the console any more.") from error
        except OSError as error:
            raise Unclear(f"The console could not be written to the end ({error.strerror}).") from error


def connect(given: Given) -> ConsolePlatform:
    """See bot.platforms.connect."""
    return ConsolePlatform(given.out)
