"""pause and resume: holds back the papers of a chat or of one subscription."""

from typing import Annotated

import typer

from bot.cli._options import ChatOption, Json, Now, Number
from bot.cli._queries import subscription_number
from bot.cli._session import open_session
from bot.cli._streams import json_time, print_json, print_line, print_reply
from bot.commands.phrasing.pause_words import paused_line, resumed_line, waiting_lines
from bot.ports.reply import Reply
from bot.rendering.text.language import Language
from subscriptions.planning.pauses import parse_pause
from subscriptions.service.subscriptions import PauseResult, WaitingPapers, get_chat, get_waiting_papers, skip_waiting
from subscriptions.service.subscriptions import pause as hold
from subscriptions.service.subscriptions import resume as go_on
from subscriptions.zones import zone


def pause(
    number: Number = None,
    *,
    chat: ChatOption,
    until: Annotated[
        str | None, typer.Option("--until", metavar="WHEN", help="7d, 2 weeks, mon, 3 Mar; else until it is resumed.")
    ] = None,
    now: Now = None,
    json: Json = False,
) -> int:
    """Hold the papers of a chat, or of one subscription, back. What comes in the meantime waits."""
    which = subscription_number(number, "paperwire pause --until 7d --as CHAT")
    with open_session(now) as session:
        stored_chat = get_chat(session.store, session.address(chat))
        moment = session.now
        end = parse_pause(until, zone(stored_chat.settings.timezone), moment) if until is not None else None
        held = hold(session.store, stored_chat.address, which, until=end, now=moment)
    if json:
        print_json(_document(held))
        return 0
    sentence = paused_line(held, Language("en", stored_chat.settings.timezone), now=moment)
    print_reply(Reply(lines=(sentence, "What comes in the meantime waits."), ok=True))
    print_line(f"  Undo: paperwire resume {f'{which} ' if which else ''}--as {stored_chat.address}")
    return 0


def resume(
    number: Number = None,
    *,
    chat: ChatOption,
    skip: Annotated[bool, typer.Option("--skip", help="What waits never comes.")] = False,
    now: Now = None,
    json: Json = False,
) -> int:
    """End the pause of a chat and of all its subscriptions, or of one, and say what waits."""
    which = subscription_number(number, "paperwire resume 4 --as CHAT")
    with open_session(now) as session:
        address, moment = get_chat(session.store, session.address(chat)).address, session.now
        held = go_on(session.store, address, which, now=moment)
        waiting_papers = get_waiting_papers(session.store, address, now=moment, number=which)
        skipped = 0
        if skip:
            skipped = skip_waiting(
                session.store, address, upto=waiting_papers.upto, by=moment, now=moment, number=which
            )
    if json:
        print_json(_document(held) | _waiting(waiting_papers, skipped=skipped))
        return 0
    language = Language("en", held.chat.settings.timezone)
    waiting = _skipped(skipped, language) if skip else waiting_lines(waiting_papers, language)
    print_reply(Reply(lines=(resumed_line(held, language), *waiting), ok=True if held.changed else None))
    return 0


def _skipped(count: int, language: Language) -> tuple[str, ...]:
    return (language.count("{count} paper is skipped.", "{count} papers are skipped.", count),) if count else ()


def _document(held: PauseResult) -> dict[str, object]:
    """Returns what `pause --json` prints; `resume --json` adds to it (docs/commands.md)."""
    state = held.subscription.state if held.subscription else held.chat.state.value
    return {
        "chat": str(held.chat.address),
        "number": held.subscription.number if held.subscription else None,
        "state": state,
        "until": json_time(held.until),
        "changed": held.changed,
    }


def _waiting(waiting_papers: WaitingPapers, *, skipped: int) -> dict[str, object]:
    return {
        "waiting": 0 if skipped else waiting_papers.papers,
        "skipped": skipped,
        "comes_at": json_time(waiting_papers.delivered_at),
    }
