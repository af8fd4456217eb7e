"""What a request means: which command, also without a slash or in a group; about which chat; with which arguments.

Pure.
"""

import re
from dataclasses import dataclass, field, fields, replace
from typing import Any

from bot.app import App
from bot.commands import access as admission
from bot.commands import (
    asking,
    cards,
    chat_events,
    edit,
    email,
    export,
    pause,
    plain_text,
    privacy,
    search,
    settings,
    share,
    start,
    today,
    why,
)
from bot.commands import list as subscription_list
from bot.commands import sub as subscribe
from bot.commands.base import DO, Action, Command, Condition, Registry, writes_of
from bot.free_text.bare_commands import Bare, bare_command
from bot.free_text.kinds import asks_nothing, is_distress
from bot.messages import CallbackRequest, EventRequest, MessageRequest, Request
from subscriptions.model import CallbackToken, ChatAddress
from subscriptions.text.forms import visible

_DIRECTED = re.compile(r"((?:@\w{4,64}|-100\d{5,20})(?:/\d{1,12})?)(?:\s+|$)")
_TO = re.compile(r"(?<!\S)(?:to|到|发到|发给)\s+(?P<name>[a-z][a-z0-9_-]*)[^\S\n]*$", re.IGNORECASE | re.MULTILINE)
_COMMAND_LINE = re.compile(r"(?<=\n)[ \t]*/(?P<name>\w{1,32})(?:@\w+)?(?=\s|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent(Action):
    """The action that a request asks for, with its arguments."""

    writes: Condition | bool = True
    destination: ChatAddress | None = (
        None  # the destination that the request is about; only operators may use destinations
    )
    # the other chat that the request is about: "@name" or "-100…", with "/7" for a topic; "" if none is named
    target: str = ""
    args: str = ""  # the text after the command
    arguments: dict[str, Any] = field(default_factory=dict)  # the arguments of the button
    counts_to_limit: bool = True  # the request counts towards the limit of commands per minute
    is_understood: bool = True  # False: a text in which no command was found, so that papers are looked for
    is_only_command: bool = True  # False: the message contains a second command, which is not executed


def registry_of(app: App) -> Registry:
    """Return all commands, callbacks and events, with the destinations of the settings."""
    return replace(REGISTRY, destinations=app.destinations) if app.destinations else REGISTRY


def _intent(action: Action) -> Intent:
    """Return the intent to do an action, without arguments."""
    declared = {one.name: getattr(action, one.name) for one in fields(Action)}
    return Intent(**{**declared, "writes": writes_of(action)})


def understand(request: Request, token: CallbackToken | None, registry: Registry) -> Intent | None:
    """Return the intent of a request; None if the request must not be answered.

    `token` is the token of the pressed button, or the open question to the sender of a message.
    """
    match request:
        case EventRequest():
            event = registry.events.get(request.event)
            return replace(_intent(event), counts_to_limit=False) if event else None
        case CallbackRequest():
            return _of_callback(request, token, registry)
        case MessageRequest() if request.command:
            return _of_command(registry, request, request.command, request.text)
        case MessageRequest() if not request.is_addressed:
            return None
        case MessageRequest() if is_distress(request.text):
            return Intent(plain_text.comfort, writes=False)
        case MessageRequest():
            return _of_plain_text(request, token, registry)


def _of_plain_text(request: MessageRequest, question: CallbackToken | None, registry: Registry) -> Intent | None:
    """Return the intent of a text without a slash: a whole command, an answer to the question, or plain text.

    None for silence.
    """
    request = replace(request, text=_without_runs(visible(request.text)))
    name, rest = _first_word(request.text)
    if registry.command_named(name) and request.follows_name:
        return _of_command(registry, request, name, rest)
    target, behind = _named_first(rest)
    if bare := bare_command(f"{name} {behind}".strip() if target else request.text):
        return _of_bare(registry, request, bare._replace(args=f"{target} {bare.args}".strip()))
    if question and (answer := _of_answer(request, question, registry)):
        return answer
    private = request.place.is_private
    is_for_others = bool(request.reply_to) and not request.mentions_bot and not private
    if is_for_others and not plain_text.is_of_papers(request.text):
        return None  # people discuss papers in replies, so nothing is looked for there
    if not request.text.strip() and not request.file_id and (request.takes_bare_commands or not private):
        return _of_command(registry, request, "help" if request.takes_bare_commands else "start", "")
    return replace(
        _intent(plain_text.PLAIN_TEXT),
        args=request.text,
        is_understood=False,
        arguments=plain_text.not_taken(question),
        wants_file=export.ANY_FILE if private and request.file_id else None,
    )


def _without_runs(text: str) -> str:
    """Return a text without empty lines, and with one blank in place of several: what reads wishes looks at each."""
    return "\n".join(line for one in text.splitlines() if (line := " ".join(one.split())))


def _of_bare(registry: Registry, request: MessageRequest, bare: Bare) -> Intent | None:
    """Return the intent of a command without its slash: to do it, or to show it as a button."""
    if not bare.acts:
        return replace(_intent(plain_text.PLAIN_TEXT), run=plain_text.shown_first(bare), args=request.text)
    intent = _of_command(registry, request, bare.name, bare.args)
    if intent is None or not bare.number:
        return intent
    return replace(intent, run=plain_text.if_there(intent.run, bare.number))


def _of_answer(request: MessageRequest, question: CallbackToken, registry: Registry) -> Intent | None:
    """Return the intent of an answer: the command or callback that asked, with the answer as its words.

    None if the text is no answer to this question.
    """
    asked = registry.command_named(question.verb) or registry.callbacks.get(question.verb)
    if asking.ends(request.text):
        return _intent(registry.callbacks["cancel"])
    is_answer = bool(request.text.strip()) and not asks_nothing(request.text)
    if asked is None or not is_answer or (asked.is_answer and not asked.is_answer(request.text)):
        return None
    answer = replace(_intent(asked), args=request.text.strip(), arguments=dict(question.arguments))
    return _about_chat(answer, question.about, request)


def _first_word(text: str) -> tuple[str, str]:
    """Return (the first word without a slash before it, the rest)."""
    words = text.split(maxsplit=1)
    if words:
        return (words[0].lstrip("/"), words[1] if len(words) > 1 else "")
    return ("", "")


def _of_command(registry: Registry, request: Request, name: str, text: str) -> Intent | None:
    command = registry.command_named(name)
    if command is None:
        # In a group, an unknown command may be meant for another bot.
        if isinstance(request, MessageRequest) and not (request.place.is_private or request.is_addressed):
            return None
        return Intent(start.unknown, writes=False, args=f"{name} {text}".strip())
    last = None if command.names_chats else _TO.search(text.rstrip().rpartition("\n")[2])
    if last and (destination := _named(last, registry)):  # "… daily 9 to team-feishu"
        words = _TO.sub(lambda found: "" if _named(found, registry) == destination else found[0], text)
        return _to_destination(_of_words(command, words), destination, request)
    target, text = ("", text) if command.names_chats else _named_first(text)
    words, alone = (text, True) if command.many_lines else _first_command(text, registry)
    return replace(_of_words(command, words), target=target, is_only_command=alone)


def _first_command(text: str, registry: Registry) -> tuple[str, bool]:
    """Return (the text up to the first line that begins another command, True if there is no such line)."""
    for line in _COMMAND_LINE.finditer(text):
        if registry.command_named(line["name"]):
            return text[: line.start()], False
    return text, True


def _of_words(command: Command, text: str) -> Intent:
    only_shows = command.shows_without_args and not text.strip()
    return replace(_intent(command), args=text.strip(), needs_manager=not only_shows and command.needs_manager)


def _named(found: re.Match[str], registry: Registry) -> ChatAddress | None:
    return registry.destinations.get(found["name"].lower())


def _to_destination(intent: Intent, destination: ChatAddress, request: Request) -> Intent:
    """Return the intent, changed so that it is about a destination.

    Only operators, and people at the machine on which the bot runs, may use destinations.
    """
    return replace(
        intent, destination=destination, needs_operator=intent.needs_operator or not request.is_local, target=""
    )


def _named_first(text: str) -> tuple[str, str]:
    """Return (the other chat that the first word names, the rest); ("", text) if it names none."""
    match = _DIRECTED.match(text.lstrip())
    if match:
        return (match[1], text.lstrip()[match.end() :])
    return ("", text)


def _of_callback(request: CallbackRequest, token: CallbackToken | None, registry: Registry) -> Intent | None:
    if token is None or token.verb not in registry.callbacks:
        return None
    callback, arguments = registry.callbacks[token.verb], dict(token.arguments)
    if token.verb == DO:  # as if the person who presses it had typed the command
        typed = _of_command(registry, request, str(arguments["command"]), str(arguments["args"]))
        if typed is None or typed.target or typed.destination:
            return typed
        return _about_chat(replace(typed, replaces=True), token.about, request)
    if token.about is not None and callback.stays_here:
        arguments["chat"] = str(token.about)
    replaces = callback.replaces or bool(arguments.get("replaces"))
    args = str(arguments.get("text", ""))
    intent = replace(_intent(callback), args=args, arguments=arguments, replaces=replaces)
    return intent if callback.stays_here else _about_chat(intent, token.about, request)


def _about_chat(intent: Intent, about: ChatAddress | None, request: Request) -> Intent:
    """Return the intent about the chat at the address `about`; None is the chat of the request."""
    if about is None:
        return intent
    if about.platform == request.chat.platform:
        return replace(intent, target=str(about).partition(":")[2])
    return _to_destination(intent, about, request)


_MODULES = (  # in the order of the menus
    subscribe,
    subscription_list,
    edit,
    pause,
    today,
    search,
    why,
    asking,
    cards,
    plain_text,
    settings,
    start,
    export,
    share,
    email,
    privacy,
    admission,
    chat_events,
)

REGISTRY = Registry(
    commands=tuple(command for module in _MODULES for command in getattr(module, "COMMANDS", ())),
    callbacks={verb: callback for module in _MODULES for verb, callback in getattr(module, "CALLBACKS", {}).items()},
    events={name: event for module in _MODULES for name, event in getattr(module, "EVENTS", {}).items()},
)
