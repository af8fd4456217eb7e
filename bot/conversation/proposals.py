"""Has a language model read a message of which the bot is not sure, and checks its commands: how many, how long.

The model is asked in no transaction. A proposed command is read as if the person had typed it in place of the message,
and tried in a reading transaction, up to what it would change: what would be refused is not offered. It is only offered
as a button, and whoever presses it needs the right to do it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from bot.app import App
from bot.commands.base import Command, CommandFunction, Context, NeedsLookup, Registry
from bot.commands.registry import registry_of, understand
from bot.conversation import contexts
from bot.conversation.contexts import PreparedRequest
from bot.messages import MessageRequest, Reply, typed_command
from subscriptions.database.store import ReadOnlyError, Transaction
from subscriptions.errors import PaperwireError, StoreError

MOST = 3  # commands; an answer with more is none
MAX_COMMAND_LENGTH = 200  # characters of a command
LONGEST_MESSAGE = 1000  # characters that the model reads


class Proposed(NamedTuple):
    """A command that a model proposes."""

    name: str
    args: str
    what: str  # what it does, in English
    run: CommandFunction


async def with_proposal(app: App, prepared: PreparedRequest) -> PreparedRequest:
    """Return the request; if a model proposes commands for its message, with their buttons above its reply."""
    message, reader, registry = prepared.request, app.reader, registry_of(app)
    if reader is None or not isinstance(message, MessageRequest) or len(message.text) > LONGEST_MESSAGE:
        return prepared
    lines = await reader.read(message.text, usages(registry))
    proposed = checked(lines, message, registry)
    if commands := [one for one in proposed if not await _is_refused(app, prepared, one)]:
        return replace(prepared, intent=replace(prepared.intent, run=_with_offers(prepared.intent.run, commands)))
    return prepared


def usages(registry: Registry) -> list[str]:
    """Return a line for each command that a model may propose: "/sub QUERY [WHEN]: subscribe to a query"."""
    return [
        f"{f'/{command.name} {command.usage}'.strip()}: {command.summary}"
        for command in registry.commands
        if command.listed and _may_be_proposed(command)
    ]


def checked(lines: Sequence[str], message: MessageRequest, registry: Registry) -> list[Proposed]:
    """Return the commands among the lines that a model proposes for a message."""
    found: dict[tuple[str, str], Proposed] = {}
    for line in lines if len(lines) <= MOST else ():
        typed = typed_command(line) if line.isprintable() and len(line) <= MAX_COMMAND_LENGTH else None
        command = registry.command_named(typed.name) if typed and not typed.bot else None
        if typed is None or command is None or not _may_be_proposed(command):
            continue
        intent = understand(replace(message, command=typed.name, text=typed.rest), None, registry)
        if intent is not None and not (intent.needs_operator or intent.target or intent.destination):
            found[command.name, intent.args] = Proposed(command.name, intent.args, command.summary, intent.run)
    return list(found.values())


async def _is_refused(app: App, prepared: PreparedRequest, command: Proposed) -> bool:
    """Return whether the command would be refused in this chat, as far as it gets without writing or asking."""
    try:
        reply = await app.store.read(_run, app, prepared, command)
    except (ReadOnlyError, NeedsLookup):  # it was not refused until then
        return False
    except StoreError:
        raise
    except PaperwireError:
        return True
    return reply is not None and reply.ok is False


def _run(transaction: Transaction, app: App, prepared: PreparedRequest, command: Proposed) -> Reply | None:
    context = contexts.context_of(transaction, app, prepared)
    return command.run(replace(context, args=command.args, arguments={}, file=None))


def _may_be_proposed(command: Command) -> bool:
    """Return whether a model may propose a command: none of operators, other chats, addresses and files."""
    return not (command.needs_operator or command.names_chats or command.wants_file)


def _with_offers(run: CommandFunction, commands: Sequence[Proposed]) -> CommandFunction:
    """Return what answers a message, with a button for each proposed command above the other buttons.

    What a model writes may be wrong, or what strangers made it write, so a button shows word for word what it runs, and a
    line says what that does.
    """

    def offer(context: Context) -> Reply | None:
        reply = run(context) or Reply()
        said = context.say("The language model {model} reads it as:", model=context.app.settings.model_name)
        rows = tuple((context.runs(one.name, one.args),) for one in commands)
        words = (f"{row[0].label}: {context.say(one.what)}" for row, one in zip(rows, commands, strict=True))
        return replace(reply, lines=(*reply.lines, said, *words), buttons=(*rows, *reply.buttons))

    return offer
