"""Questions that the bot asks. The answer is the next plain text of the same person in the same chat.

To ask, a command returns the reply of `ask`. `verb` is a key of CALLBACKS. When the person answers, the function of
that key is called. The function finds the answer in `context.args`, and the arguments of `ask` in `context.arguments`:

    def edit(context: CommandContext) -> Reply:
        if not can_ask(context):
            return usage  # in groups, and for another chat, the whole command has to be typed in one line
        return ask(context, "edit-query", {"number": 4}, context.say("What shall it be instead?"))

    def on_edit_query(context: CommandContext) -> Reply:
        number, text = context.arguments["number"], context.args
        ...

    CALLBACKS = {"edit-query": Callback(run=on_edit_query, needs_manager=True)}

A question is stored, so a command that asks needs a manager or declares `writes=True`. The function reads everything
from the store again, since the subject of the question may be deleted before the answer comes. A question stays open
for fifteen minutes. Other commands leave it open, `cancel` or its button drops it, and a newer question replaces it. If
the answer is refused (PaperwireError), the question stays open, so that the person can try again. If
`Callback.is_answer` returns False, or the function returns None, the text is not an answer. The question then stays
open, and the text is read like any other message.

If a question has buttons as answers, `expect_answer` lets people also answer in words: see bot/commands/free_text.py.

At the end of this module: buttons that offer cities, and buttons with the available times nearest to a refused one.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any
from unicodedata import east_asian_width

from bot.commands import phrasing
from bot.commands.context import Callback, Command, CommandContext, CommandFunction
from bot.ports import channel, conversation
from bot.rendering.language import refused
from subscriptions import errors, model
from subscriptions.planning.times import Ending, NoSuchTime, as_words, time_put_last
from subscriptions.service import listing
from subscriptions.service.amendments import last_change
from subscriptions.service.chat_status import store_chat
from subscriptions.service.listing import Listed
from subscriptions.texts import cut_letters
from subscriptions.zones import zone

ANSWER_WITHIN = timedelta(minutes=15)
# verb of a question that accepts any text → the command that does the same in one line
_SAID_OTHERWISE = {
    "edit": "/edit",
    "name": "/name",
}
_LONGEST = 80  # characters of a command that a reminder repeats
# Questions that make sense only directly after they are asked. They are dropped when the person does something else.
_PASSING = ("answer-pick", "answer-value", "answer-yes")


def can_ask(context: CommandContext) -> bool:
    """Returns whether a question can be asked here: only in a private chat, and only about that chat.

    In any other chat, we would have to check again the rights of the person who answers.
    """
    return context.request.place.kind is model.ChatKind.PRIVATE and context.chat.address == context.origin.address


def ask(context: CommandContext, verb: str, arguments: Mapping[str, Any], *lines: str) -> channel.Reply:
    """Stores and returns the question `lines`. The person's next plain text is passed to the function of `verb`."""
    _store_question(context, verb, arguments)
    cancel_button = channel.Button(label=context.say("cancel"), verb="cancel", only_for=context.request.sender)
    return channel.Reply(lines=lines, buttons=((cancel_button,),))


def expect_answer(context: CommandContext, verb: str, arguments: Mapping[str, Any] | None = None) -> None:
    """Stores that the person's next plain text may answer a question with buttons; does nothing where `can_ask` is False."""
    if can_ask(context):
        _store_question(context, verb, arguments or {})


def expect_yes_or_no(context: CommandContext, yes: channel.Button, no: channel.Button) -> None:
    """Stores that the person's next plain text may be yes or no, or the label of one of these two buttons."""
    answers = {
        answer: {"verb": button.verb, "label": button.label, "arguments": dict(button.arguments)}
        for answer, button in (("yes", yes), ("no", no))
    }
    expect_answer(context, "answer-yes", answers)


def drop_question(context: CommandContext, *verbs: str) -> bool:
    """Drops the open question of this person; with `verbs`, only a question of these verbs.

    Returns whether one was dropped.
    """
    waiting = open_question(context)
    if waiting is None or (verbs and waiting.verb not in verbs):
        return False
    context.drop(_state_name(context))
    return True


def has_passing_question(context: CommandContext) -> bool:
    """Returns whether a question is open that must be dropped as soon as the person does anything except answer it."""
    if not can_ask(context) or isinstance(context.request, conversation.EventRequest):
        return False
    waiting = open_question(context)
    return waiting is not None and waiting.verb in _PASSING


def drop_passing_questions(context: CommandContext) -> None:
    """Drops the open question if it makes sense only directly after it was asked; called when the person does something else."""
    if has_passing_question(context):
        drop_question(context)


def open_question(context: CommandContext) -> model.CallbackToken | None:
    """Returns the open question of this person in this chat; None if there is none or it is too old."""
    return context.remembered(_state_name(context))


def answers_question(context: CommandContext) -> bool:
    """Returns whether a question is open that `context.args` may answer. Writes nothing."""
    token = open_question(context)
    callback = context.registry.callbacks.get(token.verb) if token else None
    if token is None or callback is None:
        return False
    return callback.is_answer is None or callback.is_answer(replace(context, arguments=dict(token.arguments)))


def answer_question(context: CommandContext) -> channel.Reply | None:
    """Calls the function of the open question with `context.args` as the answer.

    Returns None if no question is open or the text is not an answer to it. Raises the errors of the function; the
    question then stays open, since the transaction is rolled back.
    """
    token = open_question(context)
    if token is None or not answers_question(context):
        return None
    callback = context.registry.callbacks[token.verb]
    reply = callback.run(
        replace(with_stored_chat(context) if callback.needs_manager else context, arguments=dict(token.arguments))
    )
    if reply is not None and open_question(context) == token:
        context.drop(_state_name(context))
    return reply


def with_stored_chat(context: CommandContext) -> CommandContext:
    """Stores the context's chat if it is new. Returns the context with the stored chat, its language and its time zone.

    This is called before every command that changes something.
    """
    if context.chat.id:
        return context
    new, request = context.chat, context.request
    chat = store_chat(
        context.transaction,
        new.address,
        new.kind,
        now=context.now,
        title=new.title,
        lang=request.language,
        timezone=request.timezone,
        public=new.public,
        by=model.ChatAddress(new.address.platform, request.sender) if new.kind is not model.ChatKind.PRIVATE else None,
    )
    origin = chat if context.origin.address == chat.address else context.origin
    localizer = context.localizer.speaking(origin.settings.lang, chat.settings.timezone)
    return replace(context, chat=chat, origin=origin, localizer=localizer)


def reminder(context: CommandContext) -> str:
    """Returns a reminder of the open question, with a command that would answer it with the text of this message.

    Returns "" unless the open question accepts any text.
    """
    waiting = open_question(context)
    command = _SAID_OTHERWISE.get(waiting.verb) if waiting else None
    if waiting is None or command is None or context.message is None:
        return ""
    words = f"{command} {waiting.arguments.get('number', '')} {' '.join(context.message.text.split())}"
    return context.say("My question still waits. If that was the answer: {command}", command=words[:_LONGEST])


def cancel(context: CommandContext) -> channel.Reply:
    """Drops the open question."""
    if drop_question(context):
        return channel.Reply(lines=(context.say("Nothing is changed."),), ok=True)
    return channel.Reply(lines=(context.say("There is nothing to cancel."),))


def on_cancel(context: CommandContext) -> channel.Reply:
    """Handles [cancel] under a question: drops the question."""
    drop_question(context)
    return channel.Reply(lines=(context.say("Nothing is changed."),), replaces=True)


def _store_question(context: CommandContext, verb: str, arguments: Mapping[str, Any]) -> None:
    """Stores the open question. The id of the request's update makes it differ from the same question asked before."""
    asked = {**arguments, "asked": context.request.update_id}
    context.remember(_state_name(context), asked, lasts=ANSWER_WITHIN, verb=verb)


def _state_name(context: CommandContext) -> str:
    """Returns the key of the open question, unique per chat and person: each person answers only their own questions."""
    return f"ask:{context.origin.address}:{context.request.sender}"


# -------------------------------------------------------------- the [undo] button that every reply to a change carries


def undo_row(context: CommandContext) -> channel.Buttons:
    """Returns a row with [undo] for the newest change of the chat; no row if there is no change."""
    change = context.transaction.begun_changes.get(context.chat.id)
    if change is None and (last := last_change(context.transaction, context.chat.address)) is not None:
        change = last.id
    return (
        ()
        if change is None
        else ((channel.Button(label=context.say("undo"), verb="undo", arguments={"change": change}),),)
    )


# ------------------------------------------------------------------------------------------------ picks a subscription

# A subscription is chosen by its number, by its query, or by a button of a list.


A_PAGE = 8  # subscriptions on a page
_IN_PUBLIC = 20  # most subscriptions in a list without buttons
_LABEL = 40  # characters of a button's label
_NUMBERS = re.compile(r"#?\d+(?:[\s,;、，；–-]+#?\d+)+")


def listed_here(context: CommandContext) -> tuple[Listed, ...]:
    """Returns the subscriptions of the chat, sorted by number."""
    return tuple(listing.listed_in(context.transaction, [context.chat])) if context.chat.id else ()


def subscription_numbered(context: CommandContext, number: object) -> model.Subscription | None:
    """Returns the subscription with this number; None if there is none."""
    return next((one.subscription for one in listed_here(context) if one.subscription.number == number), None)


def on_subscription(run: Callable[[CommandContext, model.Subscription], channel.Reply | None]) -> CommandFunction:
    """Returns a handler of a button or an answer.

    It calls `run` with the subscription that is meant; if that is gone, it says so.
    """

    def handle(context: CommandContext) -> channel.Reply | None:
        subscription = subscription_numbered(context, context.arguments.get("number"))
        if subscription is not None:
            return run(context, subscription)
        gone = subscription_gone(context)
        return (
            gone
            if isinstance(context.request, conversation.Interaction)
            else channel.Reply(lines=(gone.toast,), ok=False)
        )

    return handle


def on_all_or_one(run: Callable[[CommandContext, model.Subscription | None], channel.Reply | None]) -> CommandFunction:
    """Returns a handler of a button that calls `run` with the subscription that the button names, or with None for all."""
    one = on_subscription(run)

    def handle(context: CommandContext) -> channel.Reply | None:
        return run(context, None) if context.arguments.get("number") is None else one(context)

    return handle


def subscription_gone(context: CommandContext) -> channel.Reply:
    """Returns the reply to a button whose subscription no longer exists."""
    return channel.Reply(toast=context.say("That subscription is gone. /list shows those that are there."))


def subscription_named(context: CommandContext, which: str) -> model.Subscription:
    """Returns the subscription with this number or query. Raises NotFound, QueryError."""
    if found := listing.named([one.subscription for one in listed_here(context)], which):
        return found
    raise not_found(which.strip())


def not_found(which: str) -> errors.NotFound:
    """Returns the error for a number or a query that no subscription of the chat has."""
    text = which.removeprefix("#")
    if text.isdecimal():
        words = errors.Sentence("This chat has no subscription {which}.", {"which": which})
    elif _NUMBERS.fullmatch(text):
        return errors.NotFound(
            errors.Sentence("“{which}” is more than one number.", {"which": which}),
            errors.Sentence("Say one at a time; /list shows those that are there."),
        )
    else:
        words = errors.Sentence("No subscription of this chat asks for “{which}”.", {"which": which})
    return errors.NotFound(words, errors.Sentence("/list shows those that are there."))


def number_and_rest(context: CommandContext, text: str) -> tuple[model.Subscription | None, str]:
    """Returns (the subscription whose number is the first word, the other words); (None, text) if there is none."""
    first, *rest = text.split(maxsplit=1) or [""]
    found = subscription_numbered(context, listing.typed_number(first))
    return (found, rest[0].strip() if rest else "") if found else (None, text.strip())


def required_number(context: CommandContext, text: str, example: str) -> tuple[model.Subscription, str]:
    """Like `number_and_rest`, but raises NotFound or Refused without such a number.

    The hint of Refused shows `example`.
    """
    subscription, rest = number_and_rest(context, text)
    if subscription is not None:
        return subscription, rest
    first = text.split(maxsplit=1)[0]
    if first.removeprefix("#").isdecimal():
        raise errors.NotFound(
            errors.Sentence("This chat has no subscription {which}.", {"which": first}),
            errors.Sentence("/list shows those that are there."),
        )
    raise errors.Refused(
        errors.Sentence("Say the number of a subscription first."),
        errors.Sentence("For example: {example}", {"example": example}),
    )


def no_subscriptions(context: CommandContext) -> channel.Reply:
    """Returns the reply that says that the chat has no subscriptions."""
    return channel.Reply(lines=(context.say("There are no subscriptions yet. For example: /sub diffusion -survey"),))


def pick_list(
    context: CommandContext, question: str, verb: str, *, last: Sequence[channel.Button] = ()
) -> channel.Reply:
    """Returns a reply that asks which subscription is meant: eight buttons a page, each of which calls `verb` with its number.

    [back] and [more] call `verb`-page, which returns this list again. `last` are buttons below the list. If strangers
    can read the reply, it has no buttons and lists the subscriptions with the numbers to type.
    """
    subscriptions = [one.subscription for one in listed_here(context)]
    if not subscriptions:
        return no_subscriptions(context)
    if context.read_by_strangers:
        left_out = not_shown(context, len(subscriptions) - _IN_PUBLIC)
        return channel.Reply(lines=(question, *map(phrasing.subscription_label, subscriptions[:_IN_PUBLIC]), *left_out))
    pages = range(0, len(subscriptions), A_PAGE)
    page = min(int(context.arguments.get("page", 0)), len(pages) - 1)
    shown = subscriptions[pages[page] : pages[page] + A_PAGE]
    rows = [
        (
            channel.Button(
                label=cut_letters(" ".join(f"{one.number} {one.label}".split()), _LABEL),
                verb=verb,
                arguments={"number": one.number},
            ),
        )
        for one in shown
    ]
    turned = pager(context, page, len(pages), f"{verb}-page")
    expect_answer(context, "answer-pick", {"verb": verb})
    return channel.Reply(lines=(question,), buttons=(*rows, turned, tuple(last)))


def not_shown(context: CommandContext, left: int) -> tuple[str, ...]:
    """Returns a line that says how many subscriptions are left out, if any are."""
    if left <= 0:
        return ()
    return (
        context.localizer.count(
            "{count} more is not shown here; /list shows all.",
            "{count} more are not shown here; /list shows all.",
            left,
        ),
    )


def pager(context: CommandContext, page: int, pages: int, verb: str) -> tuple[channel.Button, ...]:
    """Returns [back] and [more], which lead to the previous and the next page, if there are such pages."""
    ways = ((context.say("back"), page - 1), (context.say("more"), page + 1))
    return tuple(
        channel.Button(label=label, verb=verb, arguments={"page": to}) for label, to in ways if 0 <= to < pages
    )


# --------------------------------------------------------------------------- cities, by the time that their clocks show


# IANA names. If several zones have the same local time now, only the first of them is on the first pages.
_WELL_KNOWN = (
    "Pacific/Honolulu",
    "America/Anchorage",
    "America/Los_Angeles",
    "America/Denver",
    "America/Chicago",
    "America/New_York",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Berlin",
    "Africa/Cairo",
    "Europe/Moscow",
    "Asia/Tehran",
    "Asia/Dubai",
    "Asia/Karachi",
    "Asia/Kolkata",
    "Asia/Dhaka",
    "Asia/Bangkok",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Pacific/Auckland",
)
# Zones with other local times, and zones that have the same local time as one of the above only in winter.
_MORE = (
    "America/Halifax",
    "America/St_Johns",
    "Atlantic/Azores",
    "Asia/Kabul",
    "Asia/Kathmandu",
    "Asia/Yangon",
    "Australia/Adelaide",
    "Pacific/Noumea",
    "America/Mexico_City",
    "America/Bogota",
    "America/Phoenix",
    "America/Santiago",
    "Africa/Casablanca",
    "Africa/Lagos",
    "Europe/Athens",
    "Asia/Jerusalem",
    "Africa/Johannesburg",
    "Europe/Istanbul",
    "Asia/Singapore",
    "Asia/Seoul",
    "Australia/Brisbane",
)
# Language of the client → the zone where most speakers of the language live.
_AT_HOME = {
    "zh": "Asia/Shanghai",
    "ja": "Asia/Tokyo",
    "ko": "Asia/Seoul",
    "de": "Europe/Berlin",
    "fr": "Europe/Paris",
    "it": "Europe/Rome",
    "pt": "America/Sao_Paulo",
    "ru": "Europe/Moscow",
    "uk": "Europe/Kyiv",
    "tr": "Europe/Istanbul",
    "fa": "Asia/Tehran",
    "he": "Asia/Jerusalem",
    "hi": "Asia/Kolkata",
    "id": "Asia/Jakarta",
    "vi": "Asia/Ho_Chi_Minh",
}
CITIES_OF_A_PAGE = 11  # zones on a page; with [more] they fill four rows of three buttons
_DAY = timedelta(days=1)
_SLOW = timedelta(minutes=20)  # how far a typed local time may be from the zone's local time


def city_pages(now: datetime, *, operator: str, language: str) -> tuple[tuple[str, ...], ...]:
    """Returns pages of zones, each sorted by local time; no two zones of a page have the same local time now.

    The first page holds the zones nearest to the operator's zone and to the zone where most speakers of the language
    live. Every zone is on exactly one page. `language` is a code such as "pt-br".
    """
    home = _AT_HOME.get(language.casefold().replace("_", "-").partition("-")[0], "")
    first = [name for name in (home, operator) if "/" in name]
    near = [_offset(name, now) for name in first] or [_offset(operator, now)]
    pages: list[tuple[str, ...]] = []
    for layer in _layers([*first, *_WELL_KNOWN], _MORE, now):
        by_distance = sorted(layer, key=lambda name: min(_between(_offset(name, now), place) for place in near))
        for start in range(0, len(by_distance), CITIES_OF_A_PAGE):
            page = by_distance[start : start + CITIES_OF_A_PAGE]
            pages.append(tuple(sorted(page, key=lambda name: _offset(name, now))))
    return tuple(pages)


def cities_at(shown: time, now: datetime) -> tuple[str, ...]:
    """Returns well-known zones where it is now about the time `shown`, no two with the same local time."""
    said = timedelta(hours=shown.hour, minutes=shown.minute)
    universal = timedelta(hours=now.hour, minutes=now.minute)
    (clocks,) = _layers(_WELL_KNOWN, (), now)
    return tuple(name for name in clocks if _between(universal + _offset(name, now), said) <= _SLOW)


def _layers(first: Sequence[str], more: Sequence[str], now: datetime) -> list[list[str]]:
    """Splits zones into layers; no two zones of a layer have the same local time now."""
    layers: list[list[str]] = []
    left = list(dict.fromkeys(first))
    rest = [name for name in more if name not in left]
    while left:
        taken: dict[timedelta, str] = {}
        for name in left:
            taken.setdefault(_offset(name, now), name)
        layers.append(list(taken.values()))
        left = [name for name in left if name not in taken.values()] + rest
        rest = []
    return layers


def _offset(name: str, now: datetime) -> timedelta:
    return now.astimezone(zone(name)).utcoffset() or timedelta(0)


def _between(one: timedelta, other: timedelta) -> timedelta:
    """Returns the difference of two times of day or offsets, the shorter way around the clock: at most twelve hours."""
    apart = abs(one - other) % _DAY
    return min(apart, _DAY - apart)


# -------------------------------------------------------------- cities with their local time, to choose a time zone by

# The cities are shown as buttons, or as options of a form.


_MOST_OPTIONS = 95  # platforms accept a hundred
_ROW = 34  # columns of a row on a phone; all buttons of a row are as wide as its widest one


def zone_buttons(context: CommandContext, page: int = 0, *, replaces: bool = False) -> channel.Buttons:
    """Returns buttons for one page of cities with their local times, and [more]. Pages are counted from 0.

    [more] on the last page leads to the first. Every reply that asks for the zone may have these buttons. With
    `replaces`, the reply to a pressed button replaces the message below which the button is.
    """
    pages = city_pages(context.now, operator=context.bot_info.timezone, language=context.request.language)
    number = page % len(pages)
    buttons = [
        channel.Button(
            label=f"{local_time(context.now, name)} {context.localizer.city(name)}",
            verb="zone",
            arguments={"zone": name, "replaces": replaces},
        )
        for name in pages[number]
    ]
    more = channel.Button(label=context.say("more"), verb="zones", arguments={"page": number + 1, "replaces": replaces})
    return button_rows([*buttons, more])


def zone_options(context: CommandContext, chosen: str) -> tuple[channel.Option, ...]:
    """Returns a form's options for the zone: the chosen zone, the chat's zone, then the other cities, page by page."""
    pages = city_pages(context.now, operator=context.bot_info.timezone, language=context.request.language)
    names = dict.fromkeys((chosen, context.chat.settings.timezone, *(name for page in pages for name in page)))
    return tuple(
        channel.Option(value=name, label=f"{context.localizer.city(name)} · {local_time(context.now, name)}")
        for name in list(names)[:_MOST_OPTIONS]
    )


def local_time(now: datetime, name: str) -> str:
    """Returns the time of day in a zone, such as "14:30"."""
    return f"{now.astimezone(zone(name)):%H:%M}"


def button_rows(buttons: Sequence[channel.Button]) -> channel.Buttons:
    """Returns the buttons in rows that are readable on a phone."""
    rows: list[list[channel.Button]] = []
    for button in buttons:
        row = [*rows[-1], button] if rows else []
        if row and len(row) * max(_columns(one.label) for one in row) <= _ROW:
            rows[-1] = row
        else:
            rows.append([button])
    return tuple(map(tuple, rows))


def _columns(text: str) -> int:
    """Returns the width of a text in columns: 2 for a wide character such as a Chinese one, 1 for any other."""
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)


# -------------------------------------------------------------------------------------- replies about times in a query


AS_WORDS = "as-words"  # verb of the button that says: these words are part of the query, not its time


def with_time_note(context: CommandContext, ending: Ending, reply: channel.Reply) -> channel.Reply:
    """Returns `reply`, which shows a subscription. If `time_note` returns a note about its time, adds the note."""
    note = time_note(context, ending)
    if not note:
        return reply
    said = context.say("({inner})", inner=note)
    head, *rest = reply.lines
    if context.read_by_group:
        return replace(reply, lines=(context.say("{sentence} {next}", sentence=head, next=said), *rest))
    return replace(reply, lines=(head, said, *rest))


def time_note(context: CommandContext, ending: Ending) -> str:
    """Returns a note if the words of the time may belong to the query, or if the time is not at the end; otherwise ""."""
    if ending.when is None:
        moved = time_put_last(ending.query)
        return context.say("A time counts only at the end: {line}", line=" ".join(moved.split())) if moved else ""
    if not ending.either:
        return ""
    return context.say("I read “{words}” as the time; in quotes it is words.", words=ending.when)


def as_words_button(context: CommandContext, text: str, number: int | None) -> tuple[channel.Button, ...]:
    """Returns [as words], which undoes the last change and subscribes with all of `text` as the query.

    The button is below the reply to a subscription that was added or edited. `number` is that of the edited
    subscription; None for a new one.
    """
    change = last_change(context.transaction, context.chat.address)
    if change is None:
        return ()
    arguments = {"text": as_words(text), "change": change.id, "number": number}
    return (channel.Button(label=context.say("as words"), verb=AS_WORDS, arguments=arguments),)


class OnlyTime(errors.Refused):
    """Raised when a time was typed without a query."""

    def __init__(self, typed: str) -> None:
        example = errors.Sentence("For example: {example}", {"example": f"/sub diffusion {' '.join(typed.split())}"})
        super().__init__(errors.Sentence("That is a time. Say what papers should contain, too."), example)


def only_time_refused(context: CommandContext, error: OnlyTime, words: channel.Button) -> channel.Reply:
    """Returns the reply that refuses a time without a query.

    `words` is its button, which treats the typed time as a query.
    """
    return replace(refused(error, context.localizer), buttons=((words,),))


def time_refused_with_nearest(
    context: CommandContext,
    error: NoSuchTime,
    button: channel.Button,
    others: Sequence[channel.Button] = (),
    *,
    argument: str = "when",
) -> channel.Reply:
    """Returns the reply that refuses an unavailable time, with a button for each of the nearest times.

    Each is a copy of `button`; its argument `argument` is the time.
    """
    names = [phrasing.when_words(when, context.localizer) for when in error.nearest]
    nearest = tuple(
        replace(button, label=name, arguments={**button.arguments, argument: when})
        for when, name in zip(error.nearest, names, strict=True)
    )
    hint = errors.Sentence(error.hint.template, {**error.hint.values, "when": names[0]})
    return replace(
        refused(errors.Refused(error.sentence, hint), context.localizer),
        buttons=(nearest, tuple(others)),
    )


COMMANDS = (
    Command(
        name="cancel",
        run=cancel,
        summary=errors.Sentence("never mind the question"),
        listed=False,
        stays_here=True,
        writes=True,
    ),
)

CALLBACKS = {"cancel": Callback(run=on_cancel, stays_here=True, writes=True)}
