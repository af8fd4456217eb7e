"""A message that refers to the last answer without naming it: to its papers by their numbers, to its button, or to the last subscription."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bot.commands import asking, paper_lookup
from bot.commands.cards import card_reply
from bot.commands.context import CommandContext
from bot.commands.signals import keep, rate
from bot.commands.words import NUMBER, PAPER, WHEN, folded
from bot.commands.words.meaning import HALF, Said, meaning
from bot.ports.channel import Button, Reply
from subscriptions.cutting import cut_letters
from subscriptions.model import KnownPaper
from subscriptions.planning.cadence import cadence_text
from subscriptions.states import Signal

_LABEL = 40  # characters of a button
_FEW = 8  # tokens of a sentence that refers to the last answer
_AGREED = frozenset({"yes", "yes please", "yep", "yeah", "sure", "y", "do it", "是", "是的", "要", "对", "对的"})
_MORE = frozenset(
    {"more", "show more", "more please", "next", "next page", "更多", "还有吗", "继续", "下一页", "再来几篇"}
)
_DENIED = re.compile(r"^(?:not?|without|except|hide|skip)\b|^(?:不要|别|除了|去掉)|不要$")
_SAME = re.compile(
    r"^(?:and |do |please )*(?:the )?same (?:thing )?(?:for|with|about|on)\b|^也(?:来|订|给)|^再来一|同样"
)
# Commands that sentences may ask for of the last paper shown.
_BUTTONS = {"like": "more-like-this", "save": "card-save"}
_DOES: Mapping[str, Callable[[CommandContext, KnownPaper], Reply]] = {"like": paper_lookup.alike, "save": keep}
_LIKED = ("like-paper", "like")
_AN_ID = "2601.00001"  # any paper
_AGREED_TO = ("subscribe-to", "do")  # buttons that a plain yes presses
_OF_SUBSCRIPTIONS = frozenset(
    {"unsub", "exclude", "narrow", "widen", "edit", "name", "schedule", "pause", "resume", "preview", "share"}
)
SIGNALS = {"like-paper": Signal.LIKED, "dislike-paper": Signal.DISLIKED}


def may_refer(said: Said) -> bool:
    """Returns whether a sentence may be about the last answer or the last subscription without naming it."""
    if _SAME.search(folded(said.text)):
        return bool(said.subject)
    if _presses(said):
        return True
    if said.marked(PAPER) or said.marked(WHEN) or len(said.tokens) > _FEW:
        return False
    is_asked = said.intent in _BUTTONS
    return is_asked and bool(said.numbers) if said.has_unknown else is_asked or bool(said.numbers)


def _plain(said: Said) -> str:
    return folded(said.text).strip(" .!?。！？")


def _presses(said: Said) -> bool:
    """Returns whether a text is only the label of a button, in other words."""
    return _plain(said) in _AGREED | _MORE or (said.intent == "sub" and not said.subject)


def _pressed(context: CommandContext, said: Said) -> Reply | None:
    """Presses [show more], or the only button of the last answer that a yes can mean."""
    wanted = ("search-page",) if _plain(said) in _MORE else _AGREED_TO
    buttons = [one for one in paper_lookup.last_buttons(context) if one.verb in wanted]
    if wanted is _AGREED_TO and len(buttons) != 1:
        return None
    further = sorted(buttons, key=lambda one: (len(one.arguments.get("stretches", ())), one.arguments.get("start", 0)))
    callback = context.registry.callbacks.get(further[-1].verb) if further else None
    if callback is None:
        return None
    reply = callback.run(replace(asking.with_stored_chat(context), arguments=further[-1].arguments))
    return replace(reply, replaces=False) if reply else None


def about_last(context: CommandContext, said: Said) -> Reply | None:
    """Does what a sentence says of the last answer: presses its button, takes its papers by their numbers; or as the last subscription."""
    if _SAME.search(folded(said.text)):
        when = [cadence_text(one.subscription.cadence) for one in asking.listed_here(context)]
        return run(context, "sub", f"{said.subject} {when[-1]}") if when else None
    if _presses(said):
        return _pressed(context, said)
    shown = paper_lookup.papers_shown(context)
    if not shown or not shown.keys() >= {*map(int, said.numbers)} or _is_of_subscriptions(context, said):
        return None
    if said.numbers:
        return _of_papers(context, said, {number: shown[number] for number in map(int, said.numbers)})
    if len(shown) == 1:
        return _of_papers(context, said, shown)
    return which(
        context,
        [
            Button(label=f"{number}  {context.title(known)}", verb=_BUTTONS[said.intent], arguments={"paper": known.id})
            for number, known in shown.items()
        ],
    )


def _of_papers(context: CommandContext, said: Said, papers: Mapping[int, KnownPaper]) -> Reply | None:
    """Does what a sentence says of papers that it names by numbers: rates or keeps them, looks for more; else shows them."""
    denied = said.likely("dislike-paper", "exclude") >= HALF or _DENIED.search(folded(said.text))
    if denied and said.intent not in _LIKED:
        return rate(context, [*papers.values()], Signal.DISLIKED)
    meant = meaning(_with_names(said))
    if meant.intent in SIGNALS and meant.sure >= HALF:
        return rate(context, [*papers.values()], SIGNALS[meant.intent])
    does = _DOES.get(said.intent, card_reply)
    done = [does(asking.with_stored_chat(context), known) for known in papers.values()]
    return replace(
        done[0], lines=tuple(line for one in done for line in one.lines), items=sum((one.items for one in done), ())
    )


def _with_names(said: Said) -> str:
    """Returns a sentence with the id of a paper in place of each number."""
    text = said.text
    for token in reversed(said.tokens):
        if token.mark == NUMBER:
            text = f"{text[: token.start]} {_AN_ID} {text[token.end :]}"
    return text


def _is_of_subscriptions(context: CommandContext, said: Said) -> bool:
    """Returns whether the numbers in a sentence are those of subscriptions, or count papers."""
    if said.intent == "set-limit":
        return not any(words.startswith("第") for words in said.marked(NUMBER))
    there = {str(one.subscription.number) for one in asking.listed_here(context)}
    return (
        bool(said.numbers)
        and said.intent in _OF_SUBSCRIPTIONS
        and there >= {*said.numbers}
        and not _DENIED.search(folded(said.text))
    )


def which(context: CommandContext, buttons: Sequence[Button]) -> Reply:
    """Asks which of several buttons is meant."""
    rows = [(replace(one, label=cut_letters(one.label, _LABEL)),) for one in buttons]
    asked = context.say("Is that what you mean?") if len(rows) == 1 else context.say("Which one do you mean?")
    return Reply(lines=(asked,), buttons=asking.shown_buttons(context, tuple(rows)))


def do_button(label: str, command: str, args: str) -> Button:
    """Returns a button that runs a command."""
    return Button(label=label, verb="do", arguments={"command": command, "args": args})


def run(context: CommandContext, name: str, args: str) -> Reply | None:
    """Runs a command."""
    command = context.registry.command_named(name)
    return command.run(replace(context, args=args, arguments={})) if command else None
