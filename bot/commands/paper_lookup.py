"""Papers that people name, or refer to without a name: shows their cards, how many at once, asks arXiv for those not stored, tells which are unknown."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.commands import cards, results
from bot.commands.context import CommandContext, Wanted, refusal
from bot.ports import channel
from subscriptions import errors, model
from subscriptions.query import links
from subscriptions.service import delivered_papers
from subscriptions.service.paper_search import papers_named
from subscriptions.store import known_papers
from subscriptions.store.stored_deliveries import DeliveredPaper

CARDS = 5  # papers that one message may ask for


def named_papers(context: CommandContext, text: str) -> channel.Reply:
    """Returns the reply with the cards of the papers that a text names by id, DOI or link; it must name at least one."""
    names = links.mentioned(text)
    known = papers_named(context.transaction, names[:CARDS])
    unknown = [name for name in names[:CARDS] if name not in known]
    asked = [name for name in unknown if context.bot_info.looks_up_papers and not _is_doi(name)]
    lost = [name for name in unknown if name not in asked]
    lines = [context.say("{name} is not known here.", name=name) for name in lost]
    if lost:
        lines.append(_known_since(context))
    if asked:
        said = "arXiv does not answer now, so I do not know {names}. Ask again in a minute."
        if context.arxiv_answered:
            said = "arXiv knows no paper {names}."
        lines.append(context.say(said, names=", ".join(asked)))
    if len(names) > CARDS:
        lines.append(context.say("The first {most} of {count}.", most=CARDS, count=len(names)))
    return replace(_cards(context, names[:CARDS], known, lines), ok=None if known else False)


def wanted(context: CommandContext) -> Wanted:
    """Wants those papers of the arguments that are not stored. Those with a DOI only cannot be asked for."""
    names = links.mentioned(context.args)[:CARDS] if context.bot_info.looks_up_papers else ()
    known = papers_named(context.transaction, names)
    return Wanted(papers=tuple(name for name in names if name not in known and not _is_doi(name)))


def no_paper_named(context: CommandContext, example: str) -> errors.Refused:
    """Returns the error for a command that names no paper; `example` is the command with one."""
    return refusal(
        "Say which paper, by its arXiv id, DOI or link.", "For example: {example}", example=context.typed(example)
    )


def _cards(
    context: CommandContext, names: Sequence[str], known: Mapping[str, model.KnownPaper], lines: Sequence[str]
) -> channel.Reply:
    """Returns the reply with the known papers as numbered cards; if only one was named, with its full card."""
    if len(names) == 1 and known:
        return cards.card_reply(context, known[names[0]])
    papers = {paper.id: paper for paper in known.values()}
    items = tuple(
        delivered_papers.as_item(context.transaction, context.chat, paper)._replace(position=at)
        for at, paper in enumerate(papers.values())
    )
    return channel.Reply(
        lines=tuple(lines),
        items=items,
        item_layout="card",
        numbers=results.card_buttons(items),
        buttons=((_elsewhere(context, names[0]),),) if len(names) == 1 else (),
    )


def _known_since(context: CommandContext) -> str:
    since = known_papers.first_paper_at(context.transaction)
    if since is None:
        return context.say("No papers are known yet.")
    return context.say("I know the papers that came since {moment}.", moment=context.localizer.moment(since))


def _is_doi(name: str) -> bool:
    return name.startswith("10.") and "/" in name


def _elsewhere(context: CommandContext, name: str) -> channel.Button:
    host = "https://doi.org/" if _is_doi(name) else "https://arxiv.org/abs/"
    return channel.Button(label=context.say("look there"), url=host + name)


def no_paper(context: CommandContext, said: str) -> channel.Reply:
    """Returns the reply to a link or an id that names no paper that we can look up."""
    name = links.links_to_no_paper(said)[0]
    head = context.say("That link names no paper that I can look up.")
    if name[0].isdecimal():
        head = context.say("arXiv has no id {name}: ids have four or five digits after the point.", name=name)
    lines = (
        head,
        context.say(
            "I understand links that hold an arXiv id or a DOI: arxiv.org/abs/…, doi.org/…, huggingface.co/papers/…, "
            "alphaxiv.org/abs/…, biorxiv.org/content/…"
        ),
        context.say("Words of its title find it, if it is known here: /search graph neural networks"),
    )
    return channel.Reply(lines=lines, ok=False)


def paper_meant(context: CommandContext, names: Sequence[str]) -> model.KnownPaper | None:
    """Returns the first of the named papers; without names, the result of `paper_delivered`.

    None if there is no such paper.
    """
    if names:
        return papers_named(context.transaction, names[:1]).get(names[0])
    found = paper_delivered(context)
    if found:
        return found.item.paper
    return None


def paper_delivered(context: CommandContext) -> DeliveredPaper | None:
    """Returns the paper of the message that the sender replied to; without a reply, the last delivered paper."""
    replied_to = context.message.reply_to if context.message else ""
    if context.chat.id:
        return delivered_papers.last_delivered(context.transaction, context.chat, message=replied_to)
    return None
