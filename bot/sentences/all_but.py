"""Asks about sentences such as "remove all except number 2": all subscriptions but some are meant."""

from collections.abc import Sequence
from dataclasses import replace

from bot.commands import asking, offered, phrasing, picking
from bot.commands.context import CommandContext
from bot.ports import channel
from bot.sentences import change_said, meant
from bot.sentences.words import intents, names, pauses, reader, subjects
from bot.sentences.words.said import SURE, Said
from subscriptions import model
from subscriptions.planning.times.reading import is_time
from subscriptions.texts.cutting import cut_letters

# what shall happen to all others → intents that say so
_TO_OTHERS = {
    "pause": ("pause",),
    "resume": ("resume",),
    "schedule": ("schedule",),
    "unsub": ("unsub", "unsub-all", "stop", "exclude", "forget"),
}
_OF_SOME = ("unsub", "unsub-all", "stop", "cancel", "exclude", "pause", "resume")
# intents of sentences that change subscriptions, so that they must not be done to those that are exempted
_CHANGES = ("unsub", "exclude", "narrow", "widen", "edit", "name", "schedule", "pause", "resume")


def without_denied(context: CommandContext, text: str) -> str:
    """Returns an order without the subscriptions that it says are not meant: "cancel kelp" for "cancel kelp, not moss"."""
    if intents.meaning(text).intent in _OF_SOME:
        return meant.without_denied(text, picking.subscriptions_here(context))
    return text


def asked(context: CommandContext, said: Said) -> channel.Reply | None:
    """Asks whether to remove, pause, resume or reschedule all subscriptions except those that a sentence exempts.

    None if the sentence exempts none.
    """
    exempt = names.exemption_in(said.text)
    there = picking.subscriptions_here(context)
    if exempt is None or not there or not asking.can_ask(context):
        return None
    others, when = intents.meaning(exempt.rest), ""
    verb = next((verb for verb, likely in _TO_OTHERS.items() if others.likely(*likely) >= SURE), "")
    if not verb and is_time(names.without_all(exempt.rest)):  # "all but kelp at 6"
        verb = "schedule"
    if verb == "schedule":
        when = subjects.time_in(exempt.rest, "schedule")
        verb = verb if when else ""
    kept = meant.meant_by(exempt.kept, there)
    if not verb and kept.those and said.likely("unsub", "unsub-all") >= SURE:  # "I don't need all other than X anymore"
        verb = "unsub"
    if not verb and (names.without_all(exempt.rest) or kept.strange or kept.missing or not kept.those):
        if kept.those and said.is_clear and said.intent in _CHANGES:
            return offered.what_to_say(context)
        return None  # the subjects of papers are exempted: "show me everything except surveys"
    verb, long = verb or "unsub", f" {pauses.pause_in(others)}" if verb == "pause" else f" {when}"
    if kept.missing:
        raise picking.not_found(kept.missing[0])
    if kept.strange or not kept.those:
        none = context.say(
            "No subscription of this chat is called “{name}”.", name=(*kept.strange, exempt.kept)[0][: offered.LABEL]
        )
        buttons = [
            _do_with_others(
                context.say("all but {label}", label=f"{one.number}  {one.label}"), verb, there, [one], long
            )
            for one in there[: picking.A_PAGE]
            if len(there) > 1
        ]
        asked = replace(offered.which(context, buttons), lines=(none, context.say("Which one do you mean?")))
        return offered.with_look_for(context, asked)
    left = [one for one in there if one not in kept.those]
    if not left:
        return channel.Reply(lines=(context.say("There is no other subscription here."),))
    numbers = ", ".join(str(one.number) for one in left)
    asked_about, does = {
        "unsub": (context.say("Shall I remove these, and keep all others?"), context.say("remove")),
        "pause": (context.say("Shall I pause these, and no others?"), context.say("pause")),
        "resume": (context.say("Shall I resume these, and no others?"), context.say("resume")),
        "schedule": (context.say("Shall these come at another time, and no others?"), when),
    }[verb]
    yes = _do_with_others(f"{does} {numbers}", verb, there, kept.those, long)
    no = channel.Button(label=context.say("cancel"), verb="cancel", only_for=context.request.sender)
    asking.expect_yes_or_no(context, yes, no)
    shown = [phrasing.subscription_label(one) for one in left[: picking.A_PAGE]]
    more = picking.not_shown(context, len(left) - picking.A_PAGE)
    return channel.Reply(lines=(asked_about, *shown, *more), buttons=((yes, no),), about=channel.About())


def _do_with_others(
    label: str, verb: str, there: Sequence[model.Subscription], kept: Sequence[model.Subscription], long: str
) -> channel.Button:
    """Returns a button that runs a command with all subscriptions except `kept`; `long` are the words for a pause or a time."""
    others = [one for one in there if one not in kept]
    if verb == "schedule":  # the days of each stay if only a time of day is named
        timed = intents.meaning(f"move it to{long}")._replace(found=(reader.Score("schedule", 1.0),))
        args = [change[1] for one in others if (change := change_said.change_of(timed, one))]
    elif verb == "unsub":
        args = [" ".join(str(one.number) for one in others)]
    else:
        args = [f"{one.number}{long}".strip() for one in others]
    return channel.Button(label=cut_letters(label, offered.LABEL), verb="do", arguments={"command": verb, "args": args})
