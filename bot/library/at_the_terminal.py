"""`paperwire library`."""

from contextlib import suppress
from typing import Annotated

import typer

from bot.cli import arguments, drawing
from bot.cli import session as sessions
from bot.digests.files import read_file
from bot.library.commands import library_lines
from bot.library.files import read_library
from bot.ports.channel import Reply
from bot.ports.conversation import LARGEST, file_too_large
from subscriptions.errors import MeaningFails
from subscriptions.service import known_chats
from subscriptions.store.interests import put_library, titles_to_ask


def library(
    file: Annotated[str, typer.Argument(metavar="FILE", help="BibTeX, RIS or CSL JSON, or - for standard input.")],
    *,
    chat: arguments.ChatOption,
    now: arguments.Now = None,
) -> int:
    """Store a chat's own library. It replaces the one before."""
    data = read_file(file)
    if len(data) > LARGEST:
        raise file_too_large(LARGEST)
    read = read_library(data)
    with sessions.open_session(now) as session:
        of = known_chats.get_chat(session.store, session.address(chat))
        with suppress(MeaningFails):  # then the vectors are made later
            session.encode(titles_to_ask(read))
        put_library(session.store, of.id, read, now=session.now)
        lines = library_lines(read, arguments.TERMINAL_LANGUAGE, orders=session.encoder is not None)
    drawing.print_reply(Reply(lines=lines, ok=True))
    return 0
