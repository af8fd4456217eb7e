"""Does what a message says about the last reply without naming it: about its papers by their numbers, or about its buttons.

A message may also refer to the last subscription: "the same for GANs".
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from bot.commands import last_shown, offered, picking, ratings
from bot.commands.cards import card_reply
from bot.commands.context import CommandContext, with_stored_chat
from bot.commands.export import as_bibtex
from bot.commands.like import alike
from bot.commands.words import by_rule, intents, names, reader
from bot.commands.words.intents import Said
from bot.ports import channel
from subscriptions import model
from subscriptions.states import Signal

_FEW = 8  # most tokens of a sentence that refers to the last reply
_AGREED = frozenset({"yes", "yes please", "yep", "yeah", "sure", "y", "do it", "是", "是的", "要", "对", "对的"})
_MORE = frozenset(
    {"more", "show more", "more please", "next", "next page", "更多", "还有吗", "继续", "下一页", "再来几篇"}
)
_DENIED = re.compile(r"^(?:not?|without|except|hide|skip)\b|^(?:不要|别|除了|去掉)|不要$")
_SAME = re.compile(
    r"^(?:and |do |please )*(?:the )?same (?:thing )?(?:for|with|about|on)\b|^也(?:来|订|给)|^再来一|同样"
)
# Commands that sentences may apply to the last paper shown → the verbs of the buttons that do the same.
_BUTTONS = {"like": "more-like-this", "save": "card-save", by_rule.UNSAVE: "unsave"}
_DOES: Mapping[str, Callable[[CommandContext, model.KnownPaper], channel.Reply]] = {
    "like": alike,
    "save": ratings.keep,
    by_rule.UNSAVE: ratings.unkeep,
    **dict.fromkeys(("export-saved-bib", "export-bib-30d"), as_bibtex),
}
_AGREED_TO = ("subscribe-to", "do")  # verbs of the buttons that a plain "yes" presses
_OF_SUBSCRIPTIONS = frozenset(
    {"unsub", "exclude", "narrow", "widen", "edit", "name", "schedule", "pause", "resume", "preview", "share"}
)
SIGNALS = {"like-paper": Signal.LIKED, "dislike-paper": Signal.DISLIKED}


def may_refer(said: Said) -> bool:
    """Returns whether a sentence may be about the last reply or the last subscription without naming it."""
    if _SAME.search(reader.folded(said.text)):
        return bool(said.subject)
    if _presses(said):
        return True
    if said.marked(reader.PAPER) or said.marked(reader.WHEN) or len(said.tokens) > _FEW:
        return False
    is_asked = said.intent in _BUTTONS
    return is_asked and bool(said.numbers) if said.has_unknown else is_asked or bool(said.numbers)


def _plain(said: Said) -> str:
    return reader.folded(said.text).strip(" .!?。！？")


def _presses(said: Said) -> bool:
    """Returns whether a text only agrees ("yes", "subscribe") or asks for more, so that it may mean a button."""
    is_wish = said.intent == by_rule.WHEN_FOUND or (said.intent == "sub" and not said.subject)
    return _plain(said) in _AGREED | _MORE or is_wish


def _pressed(context: CommandContext, said: Said) -> channel.Reply | None:
    """Presses [show more], or the only button of the last reply that a "yes" can mean; None if there is none."""
    wanted = ("search-page",) if _plain(said) in _MORE else _AGREED_TO
    buttons = [one for one in last_shown.last_buttons(context) if one.verb in wanted]
    if said.intent == by_rule.WHEN_FOUND:
        buttons = [one for one in buttons if one.verb == "subscribe-to"]
    if wanted is _AGREED_TO and len(buttons) > 1 and all(one.verb == "subscribe-to" for one in buttons):
        return offered.which(context, [_subscribe_button(context, str(one.arguments["text"])) for one in buttons])
    if wanted is _AGREED_TO and len(buttons) != 1:
        return None
    further = sorted(buttons, key=lambda one: (len(one.arguments.get("stretches", ())), one.arguments.get("start", 0)))
    return with_stored_chat(context).press(further[-1].verb, further[-1].arguments) if further else None


def _subscribe_button(context: CommandContext, text: str) -> channel.Button:
    label = context.say("subscribe to {query}", query=text)
    return channel.Button(label=label, verb="subscribe-to", arguments={"text": text})


def about_last(context: CommandContext, said: Said) -> channel.Reply | None:
    """Does what a sentence says about the last reply or subscription; None if it refers to neither.

    The sentence may press a button, name shown papers by their numbers, or ask for the same as the last subscription.
    """
    if _SAME.search(reader.folded(said.text)):
        when = [str(one.subscription.cadence) for one in picking.listed_here(context)]
        return offered.run(context, "sub", f"{said.subject} {when[-1]}") if when else None
    if _presses(said):
        return _pressed(context, said)
    shown = last_shown.papers_shown(context)
    if not shown or not shown.keys() >= {*map(int, said.numbers)} or _is_of_subscriptions(context, said):
        return None
    if said.numbers:
        return _of_papers(context, said, {number: shown[number] for number in map(int, said.numbers)})
    if len(shown) == 1:
        return _of_papers(context, said, shown)
    return offered.which(
        context,
        [
            channel.Button(
                label=f"{number}  {context.title(known)}", verb=_BUTTONS[said.intent], arguments={"paper": known.id}
            )
            for number, known in shown.items()
        ],
    )


def _of_papers(context: CommandContext, said: Said, papers: Mapping[int, model.KnownPaper]) -> channel.Reply | None:
    """Does what a sentence says about papers: rates or saves them, or shows more like them; otherwise shows the papers."""
    denied = said.likely("dislike-paper", "exclude") >= intents.HALF or _DENIED.search(reader.folded(said.text))
    if denied and said.intent not in ("like-paper", "like"):
        return ratings.rate(context, [*papers.values()], Signal.DISLIKED)
    meant = intents.meaning(_with_names(said))
    if meant.intent in SIGNALS and meant.sure >= intents.HALF:
        return ratings.rate(context, [*papers.values()], SIGNALS[meant.intent])
    does = _DOES.get(said.intent, card_reply)
    done = [does(with_stored_chat(context), known) for known in papers.values()]
    return replace(
        done[0], lines=tuple(line for one in done for line in one.lines), items=sum((one.items for one in done), ())
    )


def _with_names(said: Said) -> str:
    """Returns the sentence with some paper's id in place of each number, so that `meaning` sees that it is about papers."""
    text = said.text
    for token in reversed(said.tokens):
        if token.mark == reader.NUMBER:
            text = f"{text[: token.start]} 2601.00001 {text[token.end :]}"
    return text


def _is_of_subscriptions(context: CommandContext, said: Said) -> bool:
    """Returns whether the numbers in a sentence mean subscriptions or a number of papers, instead of shown papers."""
    if names.is_numbered(said.text) and said.intent in _OF_SUBSCRIPTIONS and "subscription" in said.text.lower():
        return True
    if said.intent == "set-limit":
        return not any(words.startswith("第") for words in said.marked(reader.NUMBER))
    there = {str(one.subscription.number) for one in picking.listed_here(context)}
    return (
        bool(said.numbers)
        and said.intent in _OF_SUBSCRIPTIONS
        and there >= {*said.numbers}
        and not _DENIED.search(reader.folded(said.text))
    )
