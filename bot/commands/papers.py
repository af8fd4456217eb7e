"""preview, today, search: papers that a chat would get, gets now, or looks for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from bot.commands.asking import met
from bot.commands.coming import next_line
from bot.commands.found import (
    card_buttons,
    count_found,
    only_time,
    query_lines,
    rows_of,
    subscribe_button,
    time_refused,
    words_button,
)
from bot.commands.named import named_papers
from bot.commands.subscribing import sub
from bot.commands.turn import Callback, Command, CommandContext
from bot.ports.button import Button, Buttons
from bot.ports.reply import Reply
from subscriptions.errors import Refused, Sentence
from subscriptions.model import ChatKind, Subscription
from subscriptions.planning.times import split_when
from subscriptions.query import Query, mentioned, parse_query
from subscriptions.service.operations import next_deliveries_to
from subscriptions.service.papers import SearchResult, search
from subscriptions.service.planner import Batch, TrialResult, newest_batch, would_come
from subscriptions.service.subscriptions import listed
from subscriptions.states import ChatState

PAGE = 6  # papers of one page of a search


# ------------------------------------------------------------------------------------------------------------- preview


def preview(turn: CommandContext) -> Reply:
    """What would come from the days known, as the chat would see it; nothing is marked as told."""
    ending = split_when(turn.args)
    if ending.only_time:
        return only_time(turn, turn.args)
    if ending.when is not None and (refusal := time_refused(turn, ending)):
        return refusal
    tried = would_come(turn.store, turn.chat, now=turn.now, which=ending.query)
    if not tried.wishes:
        return _nothing_to_try(turn, "/preview diffusion")
    buttons = (*subscribe_button(turn, turn.args), *words_button(turn, ending, turn.args)) if tried.query else ()
    read = query_lines(turn, tried.query, ending) if tried.query else ()
    lines = (count_found(turn, tried), *read, *_told_before(turn, tried), *_waiting(turn, tried))
    return Reply(lines=lines, delivery=tried.delivery, buttons=buttons)


def press_preview(turn: CommandContext) -> Reply:
    """[preview] under the line that nothing has matched for days."""
    return preview(replace(turn, args=""))


def press_fine(turn: CommandContext) -> Reply:
    """[fine] under it: all stays, and it is not said again."""
    return Reply(lines=(turn.say("Good. I say no more of it until something has come."),), ok=True, replaces=True)


def press_try(turn: CommandContext) -> Reply:
    """[as words] under what was tried: its time is part of the query."""
    return replace(preview(replace(turn, args=str(turn.arguments["text"]), arguments={})), replaces=True)


def press_subscribe(turn: CommandContext) -> Reply:
    """[subscribe] under what was tried: exactly that text."""
    return sub(replace(turn, args=str(turn.arguments["text"]), arguments={}))


def _told_before(turn: CommandContext, tried: TrialResult) -> tuple[str, ...]:
    if not tried.told:
        return ()
    found = len(tried.delivery.items) if tried.delivery else 0
    if tried.told == found:
        return (turn.say("This chat has had all of them."),)
    return (
        turn.localizer.count("This chat has had {count} of them.", "This chat has had {count} of them.", tried.told),
    )


def _waiting(turn: CommandContext, tried: TrialResult) -> tuple[str, ...]:
    """How many papers are new to the chat, and when they come: what was shown are all of the days known."""
    if tried.query is not None or not turn.chat.id:
        return ()
    if not tried.waiting:
        return (turn.say("Nothing of it is still to come."),) if tried.told else ()
    words = turn.localizer.count("{count} paper is still to come.", "{count} papers are still to come.", tried.waiting)
    return (turn.say("{sentence} {next}", sentence=words, next=_when(turn, tried.wishes)),)


def _when(turn: CommandContext, wishes: Sequence[Subscription]) -> str:
    """When these subscriptions bring what is still to come."""
    if turn.chat.state is ChatState.ASKED:
        return turn.say("This chat waits for the operator of this bot.")
    if turn.chat.state is ChatState.PAUSED:
        return turn.say("This chat is paused; /resume ends that.")
    if all(wish.state == "paused" for wish in wishes):
        return turn.say("It is paused; /resume {number} ends that.", number=wishes[0].number)
    return next_line(next_deliveries_to(turn.store, turn.chat.address, wishes, now=turn.now), turn.localizer, turn.now)


def _nothing_to_try(turn: CommandContext, example: str) -> Reply:
    words = turn.say("No subscription is active here. With a query I look for that: {example}", example=example)
    return Reply(lines=(words,))


# --------------------------------------------------------------------------------------------------------------- today


def today(turn: CommandContext) -> Reply:
    """The newest batch now."""
    return _today(turn, split_when(turn.args).query)


def press_today(turn: CommandContext) -> Reply:
    """[today's now]: the newest batch for one subscription."""
    which = _still_there(turn)
    return _today(turn, which) if which is not None else _gone(turn)


def _still_there(turn: CommandContext) -> str | None:
    """What a button is about: a subscription, if the chat still has it, a query, or all ("")."""
    if "number" not in turn.arguments:
        return str(turn.arguments.get("text", ""))
    wishes = listed(turn.store, turn.chat.address) if turn.chat.id else ()
    number = int(turn.arguments["number"])
    return str(number) if any(one.subscription.number == number for one in wishes) else None


def _gone(turn: CommandContext) -> Reply:
    return Reply(toast=turn.say("This subscription is gone."))


def _today(turn: CommandContext, which: str) -> Reply:
    if turn.origin.kind is ChatKind.PRIVATE and turn.chat.address == turn.origin.address and _may_get(turn):
        looked = None if turn.chat.id else newest_batch(turn.store, turn.chat, now=turn.now, which=which)
        if looked is not None and looked.delivery is None:
            return _shown_now(turn, which, looked)
        turn = met(turn)
        key = f"{turn.chat.id}:today:{turn.origin.address.platform}:{turn.request.update_id}"
        return _sent_now(turn, which, newest_batch(turn.store, turn.chat, now=turn.now, which=which, key=key))
    return _shown_now(turn, which, newest_batch(turn.store, turn.chat, now=turn.now, which=which))


def _may_get(turn: CommandContext) -> bool:
    """A delivery to a chat that is paused, or waits to be let in, would be held."""
    return turn.chat.state is ChatState.ACTIVE


def _sent_now(turn: CommandContext, which: str, batch: Batch) -> Reply:
    """The papers are on their way through the outbox; this says what comes."""
    if not batch.wishes:
        return _nothing_to_try(turn, "/today diffusion")
    if batch.day is None or batch.delivery is None:
        return _nothing_new(turn, which, batch)
    found = turn.localizer.count(
        "{count} paper of {day} is on its way.",
        "{count} papers of {day} are on their way.",
        len(batch.delivery.items),
        day=turn.localizer.day(batch.day),
    )
    return Reply(lines=(found, *_had(turn, batch)), buttons=_again(turn, which, batch))


def _shown_now(turn: CommandContext, which: str, batch: Batch) -> Reply:
    """The papers as an answer, which tells nobody anything for good."""
    if not batch.wishes:
        return _nothing_to_try(turn, "/today diffusion")
    if batch.day is None or batch.delivery is None:
        return _nothing_new(turn, which, batch)
    found = turn.localizer.count(
        "{count} paper of {day}",
        "{count} papers of {day}",
        len(batch.delivery.items),
        day=turn.localizer.day(batch.day),
    )
    subscribing = subscribe_button(turn, turn.args) if batch.query else ()
    again = _again(turn, which, batch)
    return Reply(lines=(found, *_had(turn, batch)), delivery=batch.delivery, buttons=(*again, *subscribing))


def _nothing_new(turn: CommandContext, which: str, batch: Batch) -> Reply:
    if batch.day is None:
        return Reply(lines=(turn.say("No papers are known yet."),))
    day = turn.localizer.day(batch.day)
    if batch.told:
        words = turn.localizer.count(
            "The only paper of {day} that fits came before.",
            "All {count} papers of {day} that fit came before.",
            batch.told,
            day=day,
        )
        return Reply(lines=(words,), buttons=_again(turn, which, batch))
    words = turn.localizer.count(
        "The only paper of {day} does not fit.",
        "None of the {count} papers of {day} fits.",
        batch.known,
        day=day,
    )
    return Reply(lines=(words,))


def _had(turn: CommandContext, batch: Batch) -> tuple[str, ...]:
    if not batch.told:
        return ()
    return (turn.localizer.count("{count} more came before.", "{count} more came before.", batch.told),)


def _again(turn: CommandContext, which: str, batch: Batch) -> Buttons:
    """[show all of that day], where the chat was told of some."""
    if not batch.told or batch.day is None or turn.in_public:
        return ()
    of_one = which and batch.query is None
    about = {"number": batch.wishes[0].number} if of_one else {"text": which}
    arguments = {"day": batch.day.isoformat(), **about}
    return ((Button(label=turn.say("show all of that day"), verb="today-again", arguments=arguments),),)


def press_again(turn: CommandContext) -> Reply:
    """All papers of a day that fit, those that came before, too."""
    which, day = _still_there(turn), date.fromisoformat(str(turn.arguments["day"]))
    if which is None:
        return _gone(turn)
    batch = newest_batch(turn.store, turn.chat, now=turn.now, which=which, day=day, told_too=True)
    if batch.delivery is None:
        return Reply(toast=turn.say("There is nothing any more that fits."))
    found = turn.localizer.count(
        "{count} paper of {day}", "{count} papers of {day}", len(batch.delivery.items), day=turn.localizer.day(day)
    )
    return Reply(lines=(found,), delivery=batch.delivery)


# -------------------------------------------------------------------------------------------------------------- search


def find(turn: CommandContext) -> Reply:
    """Stored papers, the newest first."""
    if not turn.args:
        raise Refused(Sentence("Say what to look for."), Sentence("For example: /search diffusion -survey"))
    if mentioned(turn.args) and len(turn.args.split()) == 1:
        return named_papers(turn, turn.args)
    return _page(turn, parse_query(turn.args), [(None, 0)], 0)


def press_turn(turn: CommandContext) -> Reply:
    """Another page of a search, in place of the one before."""
    stretches = [(upto, found) for upto, found in turn.arguments["stretches"]]
    reply = _page(turn, parse_query(str(turn.arguments["text"])), stretches, int(turn.arguments["start"]))
    return replace(reply, replaces=True)


Stretches = Sequence[tuple[int | None, int]]  # where each stretch that was looked at begins, and what the others found


def _page(turn: CommandContext, query: Query, stretches: Stretches, start: int) -> Reply:
    """One page of the last of these stretches of the stored papers."""
    upto, before = stretches[-1]
    found = search(turn.store, query, upto=upto, start=start, most=PAGE)
    items = rows_of(found.papers, query)
    turning = () if turn.in_public else _turning(turn, query, _anchored(stretches, found), start, found)
    left = turn.in_public and found.found > PAGE
    others = (turn.say("These are the newest {count}; in private I show all.", count=PAGE),) if left else ()
    return Reply(
        lines=(_base(turn, found, before), *query_lines(turn, query, None), *others),
        items=items,
        first=before + start + 1,
        numbers=card_buttons(turn, items, first=before + start + 1),
        buttons=turning,
    )


def _anchored(stretches: Stretches, found: SearchResult) -> Stretches:
    """The stretches, the last of them with its number: papers that come meanwhile do not move the pages."""
    return [*stretches[:-1], (found.upto or None, stretches[-1][1])]


def _base(turn: CommandContext, found: SearchResult, before: int) -> str:
    """Such as "41 of 2,061 papers", and how far was looked where that is not all."""
    amount, whole = found.found, found.below is None and found.looked == found.stored
    known = turn.localizer.count("{count} paper", "{count} papers", found.stored)
    if whole or found.since is None:
        return turn.localizer.count("{count} of {papers}", "{count} of {papers}", amount, papers=known)
    day = turn.localizer.day(found.since)
    looked = turn.localizer.count("{count} paper", "{count} papers", found.looked)
    if not before:
        return turn.localizer.count(
            "{count} of the newest {looked}, back to {day}; there are {papers}",
            "{count} of the newest {looked}, back to {day}; there are {papers}",
            amount,
            looked=looked,
            papers=known,
            day=day,
        )
    return turn.localizer.count(
        "{count} more in {looked} before them, back to {day}",
        "{count} more in {looked} before them, back to {day}",
        amount,
        looked=looked,
        day=day,
    )


def _turning(turn: CommandContext, query: Query, stretches: Stretches, start: int, found: SearchResult) -> Buttons:
    """[newer] [older], which take the place of this page."""

    def button(label: str, to: Stretches, at: int) -> Button:
        arguments: Mapping[str, Any] = {"text": query.text, "stretches": [list(one) for one in to], "start": at}
        return Button(label=label, verb="search-page", arguments=arguments)

    row = []
    newer, older = turn.say("newer"), turn.say("older")
    before = stretches[-1][1]
    if start:
        row.append(button(newer, stretches, max(0, start - PAGE)))
    elif len(stretches) > 1:
        last = before - stretches[-2][1]
        row.append(button(newer, stretches[:-1], max(0, last - 1) // PAGE * PAGE))
    if start + PAGE < found.found:
        row.append(button(older, stretches, start + PAGE))
    elif found.below is not None:
        row.append(button(older, [*stretches, (found.below, before + found.found)], 0))
    return (tuple(row),) if row else ()


COMMANDS = (
    Command(
        name="preview",
        aliases=("test", "check"),
        run=preview,
        usage="[QUERY|N]",
        summary=Sentence("see what would come"),
    ),
    Command(
        name="today", aliases=("latest",), run=today, usage="[QUERY|N]", summary=Sentence("get the newest papers now")
    ),
    Command(name="search", run=find, usage="QUERY", summary=Sentence("look through all papers")),
)
PRESSES = {
    "preview": Callback(run=press_preview),
    "try": Callback(run=press_try),
    "fine": Callback(run=press_fine),
    "subscribe-to": Callback(run=press_subscribe, needs_manager=True),
    "today": Callback(run=press_today),
    "today-again": Callback(run=press_again),
    "search-page": Callback(run=press_turn),
}
