"""Has a language model read a message of which the bot is not sure, and checks its commands: how many, how long, which are only shown.

The model is asked in no transaction. A proposed command is read as if the person had typed it in place of the message,
with the same rights. What changes something is only shown (bot/commands/proposed.py). Without a usable proposal, the
message is answered as without a model.
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands import proposed
from bot.commands.context import Registry, may_write, writes_of
from bot.commands.intent import Intent, understand
from bot.commands.proposed import Proposed
from bot.conversation import authorization
from bot.conversation.authorization import PreparedRequest
from bot.conversation.command_contexts import build_command_context
from bot.dependencies import Dependencies
from bot.ports.conversation import MessageRequest, typed_command
from subscriptions.store.database.store import Transaction, reads

MOST = 3  # commands; an answer with more is none
LONGEST = 200  # characters of a command
LONGEST_MESSAGE = 1000  # characters that the model reads


async def with_proposal(deps: Dependencies, prepared: PreparedRequest) -> PreparedRequest:
    """Returns the request; with what the model proposes in place of its intent if the bot is not sure of that."""
    message, reader = prepared.request, deps.reader
    if reader is None or prepared.refusal is not None or prepared.intent.is_unsure is None:
        return prepared
    if not isinstance(message, MessageRequest) or not 0 < len(message.text) <= LONGEST_MESSAGE:
        return prepared
    if not await deps.store.run(_is_unsure, deps, prepared):
        return prepared
    registry = deps.conversation.registry
    lines = await reader.read(message.text, usages(registry))
    intents = checked(lines, message, registry)
    if intents:
        return await _proposing(deps, prepared, intents)
    return prepared


@reads
def _is_unsure(transaction: Transaction, deps: Dependencies, prepared: PreparedRequest) -> bool:
    is_unsure = prepared.intent.is_unsure
    return is_unsure is not None and is_unsure(build_command_context(transaction, deps, prepared))


def usages(registry: Registry) -> list[str]:
    """Returns a line for each command that a model may propose: "/sub QUERY [WHEN]: subscribe to a query"."""
    return [
        f"{' '.join(filter(None, (f'/{command.name}', command.usage)))}: {command.summary}"
        for command in registry.commands
        if command.listed and proposed.may_be_proposed(command)
    ]


def checked(lines: Sequence[str], message: MessageRequest, registry: Registry) -> dict[Proposed, Intent]:
    """Returns the commands among the lines that a model proposes for a message, with what they would do if typed there."""
    found: dict[Proposed, Intent] = {}
    for line in lines if len(lines) <= MOST else ():
        typed = typed_command(line) if line.isprintable() and len(line) <= LONGEST else None
        command = registry.command_named(typed.name) if typed and not typed.bot else None
        if typed is None or command is None or not proposed.may_be_proposed(command):
            continue
        as_typed = replace(message, command=typed.name, text=typed.rest)
        intent = understand(as_typed, None, registry)
        if intent is not None and not (intent.needs_operator or intent.target or intent.destination):
            found[Proposed(command.name, intent.args)] = intent
    return found


@reads
def _would_write(
    transaction: Transaction, deps: Dependencies, prepared: PreparedRequest, intents: Sequence[Intent]
) -> bool:
    """Returns whether one of these would change something. For some commands the arguments decide, such as /today."""
    context = build_command_context(transaction, deps, prepared)
    return any(may_write(one, replace(context, args=one.args, arguments=one.arguments)) for one in intents)


async def _proposing(deps: Dependencies, prepared: PreparedRequest, intents: dict[Proposed, Intent]) -> PreparedRequest:
    """Returns the request with the intent to show what was proposed; unchanged if its sender may not do that there."""
    needs_manager = any(one.needs_manager for one in intents.values())
    asked = replace(prepared.intent, needs_manager=needs_manager)
    if (await authorization.authorize(deps, prepared.request, asked)).refusal is not None:
        return prepared
    changes = needs_manager or await deps.store.run(_would_write, deps, prepared, list(intents.values()))
    does = proposed.ASK if changes else proposed.SHOW
    intent = Intent(
        run=does.run,
        writes=writes_of(does),
        matches_ahead=does.matches_ahead,
        args=prepared.intent.args,
        arguments={"commands": [list(one) for one in intents]},
    )
    return replace(prepared, intent=intent)
