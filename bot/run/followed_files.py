"""The files that say what is subscribed, followed at each start (docs/without-a-server.md)."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.app import App
from bot.embeddings.questions import compute_embeddings
from bot.log import system_words
from bot.settings import LARGEST_FILE, Settings, bytes_of
from subscriptions.chats.addresses import facts_of
from subscriptions.chats.stored import chats as stored_chats
from subscriptions.database.store import Transaction
from subscriptions.errors import NotFound, PaperwireError, Refused, SettingsError, StoreError
from subscriptions.model import ChatAddress, ChatState, describe_pause
from subscriptions.papers.similarity import lacking
from subscriptions.subscribing import access, import_export
from subscriptions.subscribing import export_format as portable
from subscriptions.subscribing.export_format import PortableLine

_MARKS = {"+": "added", "~": "changed", "-": "removed"}


def read(settings: Settings) -> tuple[PortableLine, ...]:
    """Return the lines of all files. Raise SettingsError, which names the file and the line."""
    lines: list[PortableLine] = []
    for file in settings.subscription_files:
        why = cure = ""
        try:
            data = bytes_of(file.path, LARGEST_FILE + 1)
            if len(data) > LARGEST_FILE:
                why = f"it is larger than {LARGEST_FILE >> 20} MiB"
            else:
                lines += portable.read_lines(portable.text_of(data))
        except OSError as error:
            why = system_words(error)
            cure = "Put the file there, or correct [[subscriptions]] in paperwire.toml."
        except UnicodeDecodeError:
            why = "it is not UTF-8 text"
        except Refused as error:
            raise SettingsError(f"{file.path}: {error.sentence}", str(error.hint)) from None
        if why:
            raise SettingsError(f"The subscriptions in {file.path} cannot be read: {why}.", cure)
    return tuple(lines)


async def follow(app: App, lines: Sequence[PortableLine], *, look_back: bool, say: Callable[[str], None]) -> bool:
    """Make these lines what is subscribed, and say what changed. Raise StoreError.

    Call it once all sources were asked, since a new database counts what came until now as sent, unless it shall
    `look_back`. If a line cannot be applied, says why, changes nothing, and returns False.
    """
    try:
        chats = {address: await _resolved(app, address) for address in dict.fromkeys(line.chat for line in lines)}
        lines = [replace(line, chat=chats[line.chat]) for line in lines]
        await compute_embeddings(app, await app.store.read(lacking, import_export.texts_asked(lines)))
        now = app.clock.now()
        changes, is_new = await app.store.write(import_export.follow_lines, lines, look_back=look_back, now=now)
        await app.store.write(access.ask_unasked, list(chats.values()), now=now)
    except StoreError:
        raise
    except PaperwireError as error:
        say(f"What is subscribed stays as it was. {error}")
        return False
    counts = Counter(mark for mark, _, _ in changes)
    if changed := [f"{counts[mark]} {what}" for mark, what in _MARKS.items() if counts[mark]]:
        say(f"Subscriptions: {', '.join(changed)}.")
    if is_new and not look_back:
        say(
            "This database is new, so what its sources brought until now counts as sent; what comes from now on is sent. "
            "With --look-back, a new database sends at once what they hold of the last days."
        )
    return True


async def unreached(app: App, lines: Sequence[PortableLine]) -> list[str]:
    """Return a sentence for each chat of these lines that nothing can be sent to. Raise StoreError."""
    found = {
        address: await _off(app, address) or await app.store.read(_not_let_in, address)
        for address in dict.fromkeys(line.chat for line in lines)
    }
    return [f"{address} gets nothing: {why} Its papers are kept." for address, why in found.items() if why]


async def _off(app: App, address: ChatAddress) -> str:
    """Return why nothing is sent anywhere near an address: its platform is off, or no destination has its name."""
    facts, platform = facts_of(address.platform), app.platforms.get(address.platform)
    if platform is None:
        return facts.off
    try:
        if facts.has_only_named_chats:
            await platform.describe(address)
    except NotFound as error:
        return str(error)
    return ""


def _not_let_in(transaction: Transaction, address: ChatAddress) -> str:
    """Return why the platform does not let the bot write in a chat; "" if it does."""
    chat = stored_chats.find_chat(transaction, address)
    if chat and chat.state is ChatState.PAUSED and chat.pause_reason and chat.pause_reason.is_unreachable:
        why = describe_pause(chat.pause_reason, chat.state_detail).rstrip(".")
        return f"{why}. Press [Start] there, or let the bot in."
    return ""


async def _resolved(app: App, address: ChatAddress) -> ChatAddress:
    """Return the address that the store uses for a chat. Raise NotFound, PaperwireError."""
    platform = app.platforms.get(address.platform)
    if not facts_of(address.platform).is_alias(address):
        return address
    if platform is None:
        raise SettingsError(facts_of(address.platform).off)
    return await platform.resolve(address)
