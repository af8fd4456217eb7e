"""Does what a message means that follows another one (see follow_ups.py); in groups, it asks with a button before it changes anything."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bot.commands import asking, frame, offered, picking, ratings
from bot.commands.cards import card_reply
from bot.commands.context import Action, CommandContext, may_write, with_stored_chat
from bot.commands.export import as_bibtex
from bot.commands.frame import Choice
from bot.commands.like import alike
from bot.ports import channel
from bot.sentences import follow_ups, named_orders, references
from bot.sentences.meant import A_PAPER, is_place
from bot.sentences.steps import Do, Instead, Papers, Step, Which, WhichPaper
from bot.sentences.words import by_rule, intents, reader
from bot.sentences.words.said import HALF, RANKS, Said
from subscriptions.model import KnownPaper
from subscriptions.service import asked_papers, undoing
from subscriptions.states import Signal
from subscriptions.store.known_papers import stored_papers

# what a sentence says → what happens to each of the papers that it means; otherwise their cards are shown
_DOES: Mapping[str, Callable[[CommandContext, KnownPaper], channel.Reply]] = {
    "like": alike,
    "save": ratings.keep,
    by_rule.UNSAVE: ratings.unkeep,
    **dict.fromkeys(("export-saved-bib", "export-bib-30d"), as_bibtex),
}


def step_of(context: CommandContext, said: Said) -> Step | None:
    """Returns what a text means after what the sender said and saw last; None if it stands by itself."""
    link, shown = references.following(said).link, frame.load(context).shown
    if not shown.papers and context.chat.id and link == "choose":
        shown = replace(shown, papers=asked_papers.last_papers(context.transaction, context.chat))
    there = picking.subscriptions_here(context)
    step = follow_ups.follow_up(said, frame.as_seen_now(context, shown), there) or named_orders.order_by_name(
        said, there
    )
    if step and _is_allowed(context, step):
        return step
    return None


def writes(context: CommandContext, step: Step) -> bool:
    """Returns whether a step changes anything."""
    if isinstance(step, Papers | Instead):
        return True
    action = _action(context, step)
    if action is None or _is_asked_first(context, step):
        return False
    return may_write(action, replace(context, args=step.args if isinstance(step, Do) else ""))


def done(context: CommandContext, step: Step) -> channel.Reply | None:  # noqa: PLR0911 - one for each kind of step
    """Does a step, and returns the reply."""
    if writes(context, step):
        context = with_stored_chat(context)
    match step:
        case Do() | Choice() if _is_asked_first(context, step):
            return offered.which(context, [_button(context, step)])
        case Do(command, args):
            return offered.run(context, command, args)
        case Choice(_, verb, arguments):
            return context.press(verb, arguments)
        case Instead(does):
            change = undoing.last_change(context.transaction, context.chat.address)
            if change:
                context.press("undo", {"change": change.id})
            return done(context, does)
        case Papers(ids, said):
            known = stored_papers(context.transaction, list(ids))
            return _of_papers(context, said, [known[one] for one in ids if one in known])
        case WhichPaper(verb, papers):
            return _which_paper(context, verb, papers)
        case Which(steps):
            return offered.which(context, [_button(context, one) for one in steps])


def _action(context: CommandContext, step: Step) -> Action | None:
    match step:
        case Do(command):
            return context.registry.command_named(command)
        case Choice(_, verb):
            return context.registry.callbacks.get(verb)
    return None


def _is_asked_first(context: CommandContext, step: Step) -> bool:
    """Returns whether a button has to be pressed first, so that the rights of the person are checked: in groups."""
    action = _action(context, step)
    return action is not None and action.needs_manager and not asking.can_ask(context)


def _is_allowed(context: CommandContext, step: Step) -> bool:
    """Returns whether a step may be done here: where strangers read, no button can be shown that changes anything."""
    if isinstance(step, Instead):
        return asking.can_ask(context)
    asks = isinstance(step, Which | WhichPaper) or _is_asked_first(context, step)
    return not (asks and context.read_by_strangers)


def _button(context: CommandContext, step: Do | Choice) -> channel.Button:
    if isinstance(step, Choice):
        return channel.Button(label=step.label, verb=step.verb, arguments=step.arguments)
    label = step.label or f"/{step.command} {step.args}"
    if step.command == "sub":
        label = context.say("subscribe to {query}", query=step.args)
    return offered.do_button(label, step.command, step.args)


def _which_paper(context: CommandContext, verb: str, papers: Mapping[int, int]) -> channel.Reply:
    known = stored_papers(context.transaction, list(papers.values()))
    return offered.which(
        context,
        [
            channel.Button(label=f"{number}  {context.title(known[one])}", verb=verb, arguments={"paper": one})
            for number, one in papers.items()
            if one in known
        ],
    )


def _of_papers(context: CommandContext, said: Said, papers: Sequence[KnownPaper]) -> channel.Reply | None:
    """Does what a sentence says about papers: rates or saves them, or shows more like them; otherwise shows the papers."""
    denied = said.likely("dislike-paper", "exclude") >= HALF or references.DENIED.search(reader.folded(said.text))
    if denied and said.intent not in ("like-paper", "like"):
        return ratings.rate(context, papers, Signal.DISLIKED)
    meant = intents.meaning(_with_names(said))
    if meant.intent in ratings.SIGNALS and meant.sure >= HALF:
        return ratings.rate(context, papers, ratings.SIGNALS[meant.intent])
    does = _DOES.get(said.intent) or _DOES.get(meant.intent if meant.sure >= HALF else "", card_reply)
    shown = [does(context, known) for known in papers]
    if not shown:
        return None
    lines = tuple(line for one in shown for line in one.lines)
    return replace(shown[0], lines=lines, items=sum((one.items for one in shown), ()))


def _with_names(said: Said) -> str:
    """Returns the sentence with some paper's id in place of each number, so that `meaning` sees that it is about papers."""
    text = said.text
    ranks = () if is_place(said.text) else RANKS
    for token in reversed(said.tokens):
        if token.mark == reader.NUMBER or token.mark in ranks:
            text = f"{text[: token.start]} {A_PAPER} {text[token.end :]}"
    return text
