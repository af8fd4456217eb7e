"""What a request means: which command, also without a slash or in a group; about which chat; with which arguments. Pure."""

import re
from dataclasses import dataclass, field, fields, replace
from importlib import import_module
from typing import Any

from bot.commands import (
    answers,
    asking,
    card_actions,
    cards,
    chat_events,
    context,
    distress,
    edit,
    export,
    feed,
    forget,
    help_pages,
    import_list,
    like,
    mail,
    offered,
    operators,
    paper_lookup,
    pause,
    plain_text,
    preview,
    privacy,
    proposed,
    ratings,
    schedule,
    search,
    settings,
    share,
    start,
    status,
    subscribe,
    subscription_list,
    today,
    undo,
    unsubscribe,
    why,
)
from bot.commands.context import VERBS, Action, Command, Condition, Registry
from bot.commands.spoken import spoken
from bot.ports import conversation
from subscriptions import model
from subscriptions.query import FIELDS
from subscriptions.texts.folding import visible

ABOUT = "about"  # argument of a button: the chat on which it acts, if that is not the chat where it is shown
_DIRECTED = re.compile(r"((?:@\w{4,64}|-100\d{5,20})(?:/\d{1,12})?)(?:\s+|$)")
_TO = re.compile(r"(?<!\S)(?:to|到|发到|发给)\s+(?P<name>[a-z][a-z0-9_-]*)[^\S\n]*$", re.IGNORECASE | re.MULTILINE)
_COMMAND_LINE = re.compile(r"(?<=\n)[ \t]*/(?P<name>\w{1,32})(?:@\w+)?(?=\s|$)")
# First, commands that take no arguments. Then, commands that may be typed without a slash in a private chat, since
# queries rarely begin with these words.
_ALONE = frozenset({"list", "subscriptions", "help", "undo", "stop", "cancel", "status", "start"})
_TYPED_IN_PRIVATE = frozenset({"add", "follow", "admin", "allow", "deny", "import", "unsave"})
# what follows a command's name is a query, and no sentence: `-about:…`, of the subscription 1 also `robots -about:…`
_QUERY_WITH_FIELD = re.compile(rf"(?:[-!]*|\d+\s.*?)(?<!\w)(?:{'|'.join(FIELDS.by_name)})[:：]\s?\S", re.IGNORECASE)
_MAIL = re.compile(r"(?<![\w.+@/-])[\w.+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?![\w@/])", re.ASCII)
_SHORT = 12  # most words of a short sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent(Action):
    """The action that a request asks for, with its arguments."""

    writes: Condition | bool = True
    destination: model.ChatAddress | None = (
        None  # the destination that the request is about; only operators may use destinations
    )
    # the other chat that the request is about: "@name" or "-100…", with "/7" for a topic; "" if none is named
    target: str = ""
    args: str = ""  # the text after the command
    arguments: dict[str, Any] = field(default_factory=dict)  # the arguments of the button
    counts_to_limit: bool = True  # the request counts towards the limit of commands per minute
    is_only_command: bool = True  # False: the message contains a second command, which is not executed
    is_in_words: bool = False  # typed in words without a slash, so that it could also be the answer to a question


def _intent(action: Action) -> Intent:
    """Returns the intent to do an action, without arguments."""
    declared = {one.name: getattr(action, one.name) for one in fields(Action)}
    return Intent(**{**declared, "writes": context.writes_of(action)})


def understand(request: conversation.Request, token: model.CallbackToken | None, registry: Registry) -> Intent | None:
    """Returns the intent of a request; None if the request must not be answered.

    `token` is the token of the pressed button.
    """
    match request:
        case conversation.EventRequest():
            event = registry.events.get(request.event)
            return replace(_intent(event), counts_to_limit=False) if event else None
        case conversation.CallbackRequest():
            return _of_callback(request, token, registry)
        case conversation.MessageRequest() if request.command:
            intent = _of_command(registry, request, request.command, request.text)
        case conversation.MessageRequest() if request.is_addressed and distress.is_distress(request.text):
            return Intent(run=distress.comfort, writes=False, keeps_question=True)
        case conversation.MessageRequest():
            intent = _of_plain_text(request, registry) if request.is_addressed else None
    return intent


def _of_plain_text(request: conversation.MessageRequest, registry: Registry) -> Intent | None:
    """Returns the intent of a text without a slash: a command in everyday words, otherwise free text. None if there is no answer.

    In a group, this is called only for text that names the bot or replies to it. In a reply that does not name the bot,
    only commands are understood, since people discuss papers there.
    """
    request = replace(request, text=visible(request.text))
    name, rest = _first_word(request.text)
    private = request.place.is_private
    mail = _mail_in(request.text)
    found = None if _named_first(rest)[0] else mail or spoken(request.text).command
    refers = private and not request.follows_name and not mail and spoken(request.text).follows
    if settings.is_setting(name, rest):
        return _of_command(registry, request, "set", rest)
    is_typed = request.takes_bare_commands and (request.follows_name or not found) and _is_typed(request, name, rest)
    verb = VERBS.get(name, name)
    has_field = private and _QUERY_WITH_FIELD.match(rest) is not None
    if (registry.command_named(name) and is_typed) or (registry.command_named(verb) and has_field):
        return _of_command(registry, request, verb, rest)
    in_words = _several(request, registry, is_typed=is_typed)
    if in_words is None and found and not refers:
        in_words = _of_command(registry, request, *found)
    if in_words:
        return replace(in_words, is_in_words=True)
    if request.reply_to and not request.mentions_bot:
        return None
    if not request.text.strip() and not request.file_id and (request.takes_bare_commands or not private):
        return _of_command(registry, request, "help" if request.takes_bare_commands else "start", "")
    return replace(
        _intent(registry.callbacks.get(plain_text.FREE_TEXT, plain_text.PLAIN_TEXT)),
        args=request.text,
        wants_file=registry.any_file if private and request.file_id else None,
        is_in_words=bool(found),
    )


def _several(request: conversation.MessageRequest, registry: Registry, *, is_typed: bool) -> Intent | None:
    """Returns the intent of a message that may hold several wishes; None for any other message.

    Which of them it holds depends on the subscriptions of the chat. In a group, each must surely be a command.
    """
    text = request.text.strip()
    found = spoken(text).wishes
    if not found or is_typed or request.follows_name or _named_first(_first_word(text)[1])[0]:
        return None
    commands = [_of_command(registry, request, *one) for one in found if one]
    sure = [one for one in commands if one and not one.target and not one.destination and not one.needs_operator]
    is_private = request.place.is_private
    if len(sure) < len(commands) or not (is_private or (len(sure) == len(found) > 1)):
        return None
    intent = _intent(registry.callbacks[plain_text.SEVERAL])
    return replace(intent, args=text, needs_manager=is_private or any(one.needs_manager for one in sure))


def _mail_in(text: str) -> tuple[str, str] | None:
    """Returns ("email", address) for a short sentence with one mail address: "send my papers to me@lab.org"; else None."""
    found = _MAIL.findall(text)
    if len(found) == 1 and len(text.split()) <= _SHORT:
        return ("email", found[0])
    return None


def _is_typed(request: conversation.MessageRequest, name: str, rest: str) -> bool:
    """Returns whether a first word that is a command's name is meant as a command, on platforms without slashes.

    The word is a command if it follows the platform's own command (`/paperwire list`), or if the name of a chat follows
    the word. Otherwise `list decoding` is a query, and in a private chat also `search engines`. In other chats, `search`
    is always a command.
    """
    if request.follows_name or _named_first(rest)[0]:
        return True
    if request.place.is_private:
        return name.casefold() in _TYPED_IN_PRIVATE and bool(rest)
    return not rest or name.casefold() not in _ALONE


def _first_word(text: str) -> tuple[str, str]:
    """Returns (the first word without a slash before it, the rest)."""
    words = text.split(maxsplit=1)
    if words:
        return (words[0].lstrip("/"), words[1] if len(words) > 1 else "")
    return ("", "")


def _of_command(registry: Registry, request: conversation.MessageRequest, name: str, text: str) -> Intent | None:
    command = registry.command_named(name)
    if command is None:
        # In a group, an unknown command may be meant for another bot.
        if not request.place.is_private and not request.is_addressed:
            return None
        said = spoken(f"{name} {text}").command if not name.isascii() else None  # /订阅 扩散
        said = said or ((VERBS[name], text) if name in VERBS else None)
        if said and registry.command_named(said[0]):
            return _of_command(registry, request, *said)
        return Intent(run=help_pages.unknown, writes=False, args=f"{name} {text}".strip())
    destination = None if command.names_chats else _named_last(text, registry)
    if destination is not None:
        words = _TO.sub(lambda found: "" if _named(found, registry) == destination else found[0], text)
        return _to_destination(_of_words(command, words), destination, request)
    target, text = ("", text) if command.names_chats else _named_first(text)
    words, alone = (text, True) if command.many_lines else _first_command(text, registry)
    return replace(_of_words(command, words), target=target, is_only_command=alone)


def _first_command(text: str, registry: Registry) -> tuple[str, bool]:
    """Returns (the text up to the first line that begins another command, True if there is no such line)."""
    for line in _COMMAND_LINE.finditer(text):
        if registry.command_named(line["name"]):
            return text[: line.start()], False
    return text, True


def _of_words(command: Command, text: str) -> Intent:
    needs_manager = command.needs_manager and not (command.shows_without_args and not text.strip())
    return replace(_intent(command), args=text.strip(), needs_manager=needs_manager)


def _named_last(text: str, registry: Registry) -> model.ChatAddress | None:
    """Returns the destination that the last words name, as in "… daily 9 to team-feishu"; None if they name none."""
    if found := _TO.search(text.rstrip().rpartition("\n")[2]):
        return _named(found, registry)
    return None


def _named(found: re.Match[str], registry: Registry) -> model.ChatAddress | None:
    return registry.destinations.get(found["name"].lower())


def _to_destination(intent: Intent, destination: model.ChatAddress, request: conversation.Request) -> Intent:
    """Returns the intent, changed so that it is about a destination.

    Only operators, and people at the machine on which the bot runs, may use destinations.
    """
    return replace(
        intent, destination=destination, needs_operator=intent.needs_operator or not request.is_local, target=""
    )


def _named_first(text: str) -> tuple[str, str]:
    """Returns (the other chat that the first word names, the rest); ("", text) if it names none."""
    match = _DIRECTED.match(text.lstrip())
    if match:
        return (match[1], text.lstrip()[match.end() :])
    return ("", text)


def _of_callback(
    request: conversation.CallbackRequest, token: model.CallbackToken | None, registry: Registry
) -> Intent | None:
    if token is None or token.verb not in registry.callbacks:
        return None
    callback, arguments = registry.callbacks[token.verb], dict(token.arguments)
    platform, _, about = str(arguments.pop(ABOUT, "")).partition(":")
    args = str(arguments.get(callback.args_from, ""))
    replaces = callback.replaces or bool(arguments.get("replaces"))
    intent = replace(_intent(callback), target=about, args=args, arguments=arguments, replaces=replaces)
    if platform in ("", request.chat.platform):
        return intent
    return _to_destination(intent, model.ChatAddress(platform, about), request)


_OF_ROOMS = ("bot.library.commands", "bot.sentences.commands")  # imported by name, since they import commands
_MODULES = (  # in the order of the menus
    subscribe,
    subscription_list,
    unsubscribe,
    edit,
    schedule,
    pause,
    undo,
    today,
    preview,
    search,
    paper_lookup,
    like,
    why,
    card_actions,
    ratings,
    asking,
    answers,
    offered,
    cards,
    settings,
    start,
    help_pages,
    export,
    import_list,
    share,
    distress,
    feed,
    *(import_module(name) for name in _OF_ROOMS),
    privacy,
    proposed,
    forget,
    operators,
    chat_events,
    mail,
    status,
)

REGISTRY = Registry(
    commands=tuple(command for module in _MODULES for command in getattr(module, "COMMANDS", ())),
    callbacks={verb: callback for module in _MODULES for verb, callback in getattr(module, "CALLBACKS", {}).items()},
    events={name: event for module in _MODULES for name, event in getattr(module, "EVENTS", {}).items()},
)
