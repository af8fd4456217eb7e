"""Several wishes in one message: each in a part of the transaction, one [undo] for all; how many queries of a list are tried.

The answer names each wish with its outcome, in order, also one that was refused.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.commands import asking, in_turn, offered, picking, search
from bot.commands.context import Callback, CommandContext, matching
from bot.commands.phrasing import everyday_cadence
from bot.ports import channel
from bot.sentences import acting, all_but, following, free_text, meant, references, same_time
from bot.sentences.steps import Papers
from bot.sentences.words import clauses, intents, limits, names, pauses, reader, subjects, wishes
from subscriptions import model
from subscriptions.planning.times import split_when
from subscriptions.planning.times.reading import is_time
from subscriptions.service.changes import forget_void_change

_MOST_LISTED, _OF_EACH = 10, 2  # queries of a list that are tried, and papers that are shown of each
_TAKES_BACK = ("undo", "cancel")


def several(context: CommandContext) -> channel.Reply | None:
    """Does the wishes of a message; a message that turns out to be one wish is answered as any other."""
    text = same_time.with_its_time(
        context.args.strip(), _there(context), lambda cadence: everyday_cadence(cadence, context.localizer)
    )
    text = all_but.without_denied(context, text)
    if listed := wishes.listed_in(text):
        return _of_list(context, listed)
    text = wishes.with_date(text)
    parts = _amendments(context, text) or _once_taken_back(_parts(context, text))
    if parts == (text,):
        return _with_left_out(context, text, _one(replace(context, args=text), text))
    if len(parts) == 1:
        return _one(replace(context, args=parts[0]), parts[0])
    here = {one.number: one for one in _there(context)}
    done: list[in_turn.Done] = []
    about: model.Subscription | None = None
    for at, part in enumerate(parts[: wishes.MOST]):
        names_another = _named(_there(context)).numbered(part) != part
        wish = _about(part, about, is_only=len(here) == 1) if about and not names_another else part
        done.append(_done(context, wish, part, after=parts[at - 1] if at else ""))
        context = in_turn.afresh(context)
        now = {one.number: one for one in _there(context)}
        touched = [one for number, one in now.items() if here.get(number) != one or _is_about(wish, one)]
        about, here = (touched[0] if len(touched) == 1 else about), now
    forget_void_change(context.transaction, context.chat.id)
    return in_turn.joined(context, done, parts[wishes.MOST :])


def _with_left_out(context: CommandContext, text: str, reply: channel.Reply | None) -> channel.Reply | None:
    """Adds to the reply to one wish which words of it were about something else, which the bot cannot do."""
    words = wishes.left_out(text)
    if reply is None or not reply.ok or not words:
        return reply
    return replace(reply, lines=(*reply.lines, context.say("I left out “{words}”.", words=in_turn.short(words))))


def _of_list(context: CommandContext, listed: wishes.Listed) -> channel.Reply | None:
    """Subscribes to each query of a list, if the line above it says so; otherwise shows what each finds.

    A line that is an order is not done: it may have come into the list with what was pasted.
    """
    text = "\n".join(listed.queries)
    if not listed.subscribes and (asking.answers_question(context) or not asking.can_ask(context)):
        return _one(context, context.args)
    if listed.subscribes:
        reply = _one(context, f"sub {text}") or offered.what_to_say(context)
    else:
        found = [
            in_turn.Done(query, _first_of(search.try_query(context, query))) for query in listed.queries[:_MOST_LISTED]
        ]
        button = channel.Button(label=context.say("subscribe"), verb="subscribe-to", arguments={"text": text})
        reply = replace(in_turn.joined(context, found, ()), buttons=((button,),) if text else ())
    if not listed.orders:
        return reply
    left = context.say("Not done, since it is no subject: {lines}", lines="; ".join(map(in_turn.short, listed.orders)))
    return replace(reply, lines=(*reply.lines, left))


def _first_of(reply: channel.Reply) -> channel.Reply:
    """Returns the reply to one of several queries: how many papers it finds, and the first of them."""
    most = _OF_EACH
    return channel.Reply(lines=reply.lines[:1], ok=reply.ok, items=reply.items[:most], days=reply.days[:most])


def _is_about(wish: str, one: model.Subscription) -> bool:
    said = intents.meaning(wish)
    return said.numbers == [str(one.number)] or meant.is_named(reader.folded(wish), one)


def _about(wish: str, one: model.Subscription, *, is_only: bool) -> str:
    """Returns a wish with the subscription that the wish before made, changed or named in place of "it".

    "At most 5 papers a day" after a wish to subscribe is a limit of that subscription; of the only one, it is that of the chat.
    """
    said = intents.meaning(wish)
    if said.intent == "set-limit" and limits.daily_limit(wish):
        return wish if is_only else f"{wish} #{one.number}"
    names_none = not said.numbers and not said.texts(reader.NAMED) and not names.is_of_all(wish)
    when = subjects.time_in(wish, "schedule") if names_none and said.intent == "schedule" else ""
    if is_time(wish) or when:
        return f"move #{one.number} to {when or wish}"
    if names_none and said.intent == "pause":
        return f"pause #{one.number} {pauses.pause_in(said)}".strip()
    if names_none and said.intent == "exclude":
        return f"#{one.number} {wish}"
    return wishes.with_antecedent(wish, one.text if said.intent in (reader.QUERY, *reader.ASKING) else f"#{one.number}")


def _parts(context: CommandContext, text: str) -> tuple[str, ...]:
    """Returns the wishes of a message, read with the names of the chat's subscriptions; (text,) if it answers a question."""
    named = _named(_there(context))
    parts = wishes.wishes_in(text, named)
    said = intents.meaning(text)
    numbered = intents.meaning(named.numbered(text))
    if numbered.intent == "edit" and numbered.is_sure and len(numbered.numbers) == 1:
        return (text,)  # "drop kelp and give me moss instead"
    follows = references.following(said)
    # "keep kelp but pause moss" is one wish, and takes nothing back
    takes_back = follows.link in ("back", "keep") and len(parts) > 1 and not any(map(intents.command_in, parts))
    corrects = follows.corrects and references.following(numbered).refers
    if (corrects or takes_back) and following.step_of(context, said):
        return (text,)  # "wrong one, I meant kelp"
    if len(parts) == 1 and isinstance(following.step_of(context, said), Papers):
        return (text,)  # "keep the first and the third"
    are_commands = all(map(intents.command_in, parts))
    waits = asking.answers_question(replace(context, args=text))
    if are_commands or (asking.can_ask(context) and not waits):
        return parts
    return (text,)


def _amendments(context: CommandContext, text: str) -> tuple[str, ...]:
    """Returns the parts of a message that change the last subscription in several ways: "at noon and no reviews"; else ()."""
    parts = references.amendments_in(text)
    if asking.answers_question(replace(context, args=text)) or not asking.can_ask(context):
        return ()
    if all(following.step_of(context, intents.meaning(part)) for part in parts):
        return parts
    return ()


def _named(there: Sequence[model.Subscription]) -> wishes.Named:
    def numbered(text: str) -> str:
        for one in there:
            text = meant.with_number(text, one) if meant.is_named(reader.folded(text), one) else text
        return text

    return wishes.Named(numbered, there=frozenset(str(one.number) for one in there))


def _there(context: CommandContext) -> list[model.Subscription]:
    return picking.subscriptions_here(context)


def _once_taken_back(parts: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the wishes without those that only take back once more what one before them takes back: 算了，不订了."""
    kept = [part for at, part in enumerate(parts) if not (at and _takes_back(parts[at - 1]) and _says_so_again(part))]
    return tuple(kept)


def _takes_back(wish: str) -> bool:
    return intents.meaning(wish).intent in _TAKES_BACK


def _says_so_again(wish: str) -> bool:
    return _takes_back(wish) or clauses.keeps(wish) or references.following(intents.meaning(wish)).link == "back"


def _one(context: CommandContext, wish: str) -> channel.Reply | None:
    """Returns the reply to one wish, as if it were the whole message."""
    if not asking.answers_question(context) and (step := following.step_of(context, intents.meaning(wish))) is not None:
        return following.done(context, step)
    command = acting.command_here(context, wish)
    done = offered.run(context, *command) if command else None
    return done or free_text.free_text(replace(context, args=wish, arguments={}))


def _done(context: CommandContext, wish: str, typed: str, *, after: str) -> in_turn.Done:
    """Does one wish; a refusal undoes only this one, and becomes its reply."""
    said = intents.meaning(wish)
    is_new = said.intent in ("edit", "widen") and not said.numbers and not said.texts(reader.NAMED)
    if is_new and after and intents.meaning(after).intent in wishes.REMOVES and said.subject:
        wish = f"sub {said.subject}"  # "drop A, use B instead"
    return in_turn.attempted(context, wish, typed, _one, context.transaction.savepoint())


def _queries(context: CommandContext) -> Iterator[str]:
    for part in wishes.wishes_in(context.args.strip()):
        command = intents.command_in(part)
        if command and command[0] == "sub":
            yield split_when(command[1]).query


SEVERAL = Callback(run=several, writes=True, keeps_question=True, matches_ahead=matching(_queries))
