"""Addresses of chats: how they are written and refused, and what each platform can do (`PlatformFacts`)."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from subscriptions import errors, model
from subscriptions.text.cutting import cut_letters


@dataclass(frozen=True, slots=True, kw_only=True)
class BotLinks:
    """Functions that make links that open the bot on its platform. Each takes the bot's name on the platform."""

    open: Callable[[str], str]
    start: Callable[[str, str], str]  # (name, argument of /start)
    add_to_group: Callable[[str, str], str]
    add_to_channel: Callable[[str, str], str]


def _always_private(_: model.ChatAddress) -> model.ChatKind:
    return model.ChatKind.PRIVATE


def _never(_: model.ChatAddress) -> bool:
    return False


def _slash(_: model.ChatAddress) -> str:
    return "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformFacts:
    """What the domain knows about a platform: how its addresses are written, and what its messages can do."""

    name: str  # the part of its addresses before the colon
    title: str  # as people write it
    address_form: str = ""  # how addresses are written, for hints: "console:NAME"
    read_address: Callable[[str], model.ChatAddress | None]  # reads the part after the colon; None: it names no chat
    refusal: errors.Sentence | None = None  # says why the typed {text} names no chat on this platform
    refusal_hint: errors.Sentence | None = None
    is_alias: Callable[[model.ChatAddress], bool] = _never  # the chat is stored under another address
    describes_chats: bool = False  # the platform can be asked for title and kind of a chat, given only its id
    has_only_named_chats: bool = False  # its chats are those that the settings name; others do not exist
    formats_differ: bool = False  # the markup and the longest message depend on the chat
    kind_of: Callable[[model.ChatAddress], model.ChatKind] = _always_private  # as far as the address of a chat tells
    command_prefix: Callable[[model.ChatAddress], str] = _slash  # what comes before the name of a command in that chat
    links: BotLinks | None = None  # None: no link opens the bot on this platform
    token_variable: str = ""  # the setting without which the platform is off; "": it is always on
    can_look_up: bool = False  # the platform can be asked whether it has a message that was perhaps sent
    shows_more: bool = False  # a button under a message opens the papers beyond the chat's limit
    notifies: bool = True  # messages alert people; False: chats begin with "now", no quiet hours, and one day's papers
    keeps_messages: bool = False  # the database keeps its messages, so that they can be shown
    confirms: bool = False  # the person who reads there must say yes before anything is sent
    mailbox_of: Callable[[model.ChatAddress], str] = str  # equal for addresses whose messages come to one place
    # a message that may have arrived is posted only once more, since people see each copy and cannot tell which is new
    resends_at_most_once: bool = False
    # the page on which a person presses a button shows the reply, so that neither limits nor other posts hold it up
    replies_in_page: bool = False
    has_ephemeral: bool = False  # the platform can show a message to only one person in a chat
    asks_for_zone: bool = False  # the platform does not tell a person's time zone, so the person is asked

    @property
    def off(self) -> str:
        """The sentence for operators that the platform is off, and what turns it on."""
        return f"{self.title} is off until {self.token_variable} is set."


_declared: dict[str, PlatformFacts] = {}


def declare(*platforms: PlatformFacts) -> None:
    """Make platforms known. Call it at start, before any address is read. The last declaration of a name counts."""
    _declared.update({facts.name: facts for facts in platforms})


def facts_of(platform: str) -> PlatformFacts:
    """Return the declared facts of a platform. An undeclared platform has only a name, and reads no addresses."""
    return _declared.get(platform) or PlatformFacts(name=platform, title=platform, read_address=lambda _: None)


def command_prefix(chat: model.ChatAddress) -> str:
    """Return what comes before the name of a command in a chat: "/", or the platform's own word."""
    return facts_of(chat.platform).command_prefix(chat)


def declared() -> tuple[PlatformFacts, ...]:
    """Return all platforms that were declared, in the order of their declaration."""
    return tuple(_declared.values())


LONGEST_NAME = 200  # characters of a name that a person chose; both databases can index names of this length

_LONGEST = 80  # characters of the typed text that a refusal quotes
_NO_CHAT = errors.Sentence("“{text}” is not a chat.")


def parse_address(text: str) -> model.ChatAddress:
    """Return the chat that `platform:address/topic` names. Raise Refused if the text names no chat."""
    platform, _, rest = text.strip().partition(":")
    address = facts_of(platform).read_address(rest)
    if address is None:
        raise _refused(text.strip(), platform)
    return address


def read_name(platform: str, rest: str) -> model.ChatAddress | None:
    """Return the chat whose address is a freely chosen name; None if the name is not allowed.

    A name is printable, has no spaces and at most LONGEST_NAME characters.
    """
    fits = rest.isprintable() and 0 < len(rest) <= LONGEST_NAME and " " not in rest
    if fits:
        return model.ChatAddress(platform, rest)
    return None


def _refused(text: str, platform: str) -> errors.Refused:
    facts, values = facts_of(platform), {"text": cut_letters(text, _LONGEST)}
    return errors.Refused(
        replace(facts.refusal or _NO_CHAT, values=values), facts.refusal_hint or _how_chats_are_written()
    )


def _how_chats_are_written() -> errors.Sentence:
    *others, last = (
        errors.Sentence("{text}", {"text": facts.address_form}) for facts in declared() if facts.address_form
    )
    either = errors.Sentence("{first} or {next}", {"first": errors.listed(others), "next": last}) if others else last
    return errors.Sentence("Write {forms}.", {"forms": either})
