"""Has a language model read a message of which the bot is not sure, and checks its commands: how many, how long.

The model is asked in no transaction. A proposed command is read as if the person had typed it in place of the message.
It is only offered as a button (bot/commands/offered.py), and whoever presses it needs the right to do it.
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands import offered
from bot.commands.context import Registry
from bot.commands.intent import understand
from bot.commands.offered import Proposed, with_offers
from bot.conversation.contexts import PreparedRequest
from bot.dependencies import Dependencies
from bot.ports.conversation import MessageRequest, Request, typed_command

MOST = 3  # commands; an answer with more is none
LONGEST = 200  # characters of a command
LONGEST_MESSAGE = 1000  # characters that the model reads


def may_be_read(request: Request) -> bool:
    """Returns whether a model may read a request: a message that is not too long."""
    return isinstance(request, MessageRequest) and 0 < len(request.text) <= LONGEST_MESSAGE


async def with_proposal(deps: Dependencies, prepared: PreparedRequest) -> PreparedRequest:
    """Returns the request; if a model proposes commands for its message, with their buttons above its reply."""
    message, reader, registry = prepared.request, deps.reader, deps.conversation.registry
    if reader is None or not isinstance(message, MessageRequest):
        return prepared
    lines = await reader.read(message.text, usages(registry))
    if commands := checked(lines, message, registry):
        intent = replace(prepared.intent, run=with_offers(prepared.intent.run, commands))
        return replace(prepared, intent=intent)
    return prepared


def usages(registry: Registry) -> list[str]:
    """Returns a line for each command that a model may propose: "/sub QUERY [WHEN]: subscribe to a query"."""
    return [
        f"{' '.join(filter(None, (f'/{command.name}', command.usage)))}: {command.summary}"
        for command in registry.commands
        if command.listed and offered.may_be_proposed(command)
    ]


def checked(lines: Sequence[str], message: MessageRequest, registry: Registry) -> list[Proposed]:
    """Returns the commands among the lines that a model proposes for a message."""
    found: dict[Proposed, None] = {}
    for line in lines if len(lines) <= MOST else ():
        typed = typed_command(line) if line.isprintable() and len(line) <= LONGEST else None
        command = registry.command_named(typed.name) if typed and not typed.bot else None
        if typed is None or command is None or not offered.may_be_proposed(command):
            continue
        intent = understand(replace(message, command=typed.name, text=typed.rest), None, registry)
        if intent is not None and not (intent.needs_operator or intent.target or intent.destination):
            found[Proposed(command.name, intent.args)] = None
    return list(found)
