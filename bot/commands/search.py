"""search and like, and text that may be a query: papers a page, near in meaning or to given papers, names of authors, misspelt words."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.commands import asking, cards, paper_lookup, phrasing, results, subscribe
from bot.commands.context import (
    NOTHING,
    Callback,
    Command,
    CommandContext,
    Wanted,
    asking_texts,
    query_of_button,
)
from bot.commands.picking import subscriptions_here
from bot.ports import channel
from subscriptions import errors, model
from subscriptions.matching.reasons import why
from subscriptions.meaning import NEAR
from subscriptions.model import Subscription
from subscriptions.planning.times import Ending, as_words, read_when, split_when
from subscriptions.query import links, parse, rewriting
from subscriptions.query.refusals import MAX_QUERY_LENGTH as LONGEST_QUERY
from subscriptions.query.tree import Query
from subscriptions.service import paper_search, previews
from subscriptions.service.known_chats import typed_number
from subscriptions.service.paper_search import NearPaper, Page, Spelling, papers_named
from subscriptions.texts.cutting import cut_letters

MOST_GIVEN = 5  # papers that may be given to find papers near to them
_MOST_READ = 5000  # characters of a text that are read
_GIVEN_OF_TEXT = 3  # papers to which [bring such papers] subscribes after a text: those nearest to it
PAGE = 5  # papers on a page
_MANY_WORDS = 12
_NAMED = 4  # unknown words that a reply names
_LABEL = 50  # characters of a button's label
_LONGEST = 40  # characters of a typed text that a reply repeats


def like(context: CommandContext) -> channel.Reply:
    """Shows the papers nearest to those that are named by id, DOI or link.

    If some of them are not stored, these are looked up instead.
    """
    names = links.mentioned(context.args)[:MOST_GIVEN]
    if not names:
        if context.args:
            raise paper_lookup.no_paper_named(context, "/like 2601.11087")
        return asking.ask(context, "like", context.say("Papers near to which one? Send its arXiv id, DOI or link."))
    known = papers_named(context.transaction, names)
    if len(known) < len(names):  # the card of a looked-up paper has [more like this]
        return paper_lookup.named_papers(context, " ".join(name for name in names if name not in known))
    return alike(context, *{one.id: one for one in known.values()}.values())


@cards.of_paper
def on_more_like_this(context: CommandContext, item: model.Item) -> channel.Reply:
    """Handles [more like this] on a card: shows the papers nearest to that one."""
    return alike(context, item.paper)


def texts_wanted(context: CommandContext, said: str, subject: str = "") -> tuple[str, ...]:
    """Returns the texts whose vectors `try_query` needs: those that the query asks, and its words if they find few papers.

    `subject` is what it is about, as it was said.
    """
    if not context.transaction.store.encoder:
        return ()
    if len(said) > LONGEST_QUERY:
        return (said[:_MOST_READ],)
    text = split_when(said).query
    if asked := _meant(context, text)[1].asked:
        return asked
    _, query = _asked(context, text)
    about = rewriting.about_its_words(query, subject)
    if about and paper_search.search(context.transaction, query, most=1).found < PAGE:
        return parse.texts_asked(about)
    return ()


def _wanted(context: CommandContext) -> Wanted:
    """Wants what /search or [look for “…”] is about: papers, or the meaning of words."""
    said = str(context.arguments.get("text", context.args))
    if _is_of_a_paper(said):
        return paper_lookup.wanted(context)
    return Wanted(texts=texts_wanted(context, said)) if said.strip() else NOTHING


def near_text(context: CommandContext, said: str) -> channel.Reply:
    """Shows the papers nearest to a text."""
    found = paper_search.papers_near_text(context.transaction, said[:_MOST_READ])
    if not found:
        return context.reply("Nothing is near to this text.")
    head = context.say("I read this as a text. Nearest to it:")
    buttons = _as_wish(context, found[:_GIVEN_OF_TEXT])
    return results.papers_reply((head,), found, days=results.days_of(context, found), buttons=buttons)


def alike(context: CommandContext, *given: model.KnownPaper) -> channel.Reply:
    """Shows the papers nearest to the given ones."""
    found = paper_search.papers_alike(context.transaction, given)
    titles = "; ".join(context.title(one) for one in given)
    if not found:
        return context.reply("Nothing is near to {titles}.", titles=titles, buttons=_as_wish(context, given))
    head = context.say("Nearest to {titles}:", titles=titles)
    return results.papers_reply((head,), found, buttons=_as_wish(context, given))


def _as_wish(context: CommandContext, given: Sequence[model.KnownPaper]) -> channel.Buttons:
    """Returns a button that subscribes to papers near to these.

    Returns none if one of them has neither an arXiv id nor a DOI.
    """
    names = [one.paper.arxiv_id or one.paper.doi for one in given]
    if None in names:
        return ()
    text = f"like:{','.join(name for name in names if name)}"
    return ((context.button("bring such papers", "subscribe-to", text=text),),)


def search_(context: CommandContext) -> channel.Reply:
    """Shows the stored papers that match, newest first; for an id, DOI or link, the card of that paper."""
    if not context.args:
        return asking.ask(
            context, "search", context.say("What shall I look for? For example: /search diffusion -survey")
        )
    if _is_of_a_paper(context.args):
        return paper_lookup.named_papers(context, context.args)
    return try_query(context, context.args)


def _is_of_a_paper(said: str) -> bool:
    """Returns whether a text is nothing but the id or the link of a paper."""
    return bool(links.mentioned(said)) and len(said.split()) == 1 and not parse.papers_named(said)


def try_query(context: CommandContext, said: str) -> channel.Reply:
    """Returns the reply with the papers that a text finds and how it was read."""
    if len(said) > LONGEST_QUERY:
        return near_text(context, said)
    if links.links_to_no_paper(said) and not links.mentioned(said):
        return paper_lookup.no_paper(context, said)
    return papers_found(context, said)


def papers_found(context: CommandContext, text: str, notes: Sequence[str] = (), subject: str = "") -> channel.Reply:
    """Returns the reply with the papers that a query finds, perhaps with a time.

    `notes` are lines that follow those about the query. `subject` is what it is about, as it was said.
    """
    ending = split_when(text)
    if ending.only_time:
        raise subscribe.only_time(context, text)
    if ending.either:
        text = as_words(text)
        ending = split_when(text)
    if ending.when is not None:
        read_when(ending.when)  # what cannot be read is refused
    if author := _author_named(context, ending.query):
        text = _timed(author, ending)
        notes = (context.say("(“{words}” is the name of an author.)", words=" ".join(ending.query.split())),)
    return _page(context, text, notes=notes, subject=subject)


def finds_papers(context: CommandContext, said: str) -> bool:
    """Returns whether any stored paper matches the text as a query."""
    try:
        _, query = _asked(context, split_when(said).query)
    except errors.PaperwireError:
        return False
    return bool(paper_search.search(context.transaction, query, most=1).found)


def look_for_button(context: CommandContext, said: str) -> channel.Row:
    """Returns [look for “…”], which searches for a text that was read as something other than a query."""
    words = " ".join(said.split())
    label = context.say("look for “{words}”", words=words[:_LONGEST])
    return (context.labelled(label, "look-for", text=words),)


def on_look_for(context: CommandContext) -> channel.Reply:
    """Handles [look for “…”] and other buttons with a query: tries the query."""
    return try_query(context, str(context.arguments["text"]))


def on_search_page(context: CommandContext) -> channel.Reply:
    """Handles [newer] and [show more]: replaces the page with another one."""
    upto, start = int(context.arguments["upto"]), int(context.arguments["start"])
    reply = _page(
        context, str(context.arguments["text"]), upto, start, is_older=bool(context.arguments.get("is_older"))
    )
    return replace(reply, replaces=True)


def _asked(context: CommandContext, text: str) -> tuple[Subscription | None, Query]:
    """Like `_meant`, with all that is needed to match the query. Raises MeaningFails, QueryError, Refused."""
    subscription, query = _meant(context, text)
    query = paper_search.with_vectors_for(context.transaction, query, context.chat.id)
    if subscription is None:
        there = subscriptions_here(context)
        subscription = next((one for one in there if one.canonical == query.canonical), None)
    return subscription, query


def _meant(context: CommandContext, text: str) -> tuple[Subscription | None, Query]:
    """Returns (the chat's subscription that the text names by its number, or None; the query). Raises QueryError."""
    number = typed_number(text)
    named = next((one for one in subscriptions_here(context) if one.number == number), None)
    return named, parse.parse_query(named.text if named else text)


def _page(
    context: CommandContext,
    text: str,
    upto: int | None = None,
    start: int = 0,
    *,
    is_older: bool = False,
    notes: Sequence[str] = (),
    subject: str = "",
) -> channel.Reply:
    """Returns a page of results among the papers up to the paper `upto`, or all.

    `start` is the number of matches before the page. `is_older`: matches in newer papers were on other pages. `subject`
    is what they are about, as it was said. If the words find few papers, papers follow that are near in meaning.
    """
    ending = split_when(text)
    subscription, query = _asked(context, ending.query)
    found = paper_search.search(context.transaction, query, upto=upto, start=start, most=PAGE)
    is_few, is_first, is_open = found.found < PAGE, not (start or is_older), not context.read_by_strangers
    spelled = _spelling(context, query) if is_first and is_few and is_open else Spelling((), "")
    about, near = _near(context, query, subject, found) if is_first else ("", ())
    is_dead_end = is_first and not (found.found or near)
    lines = [_count_line(context, query, found, is_older=is_older)]
    if spelled.unknown and found.stored and (spelled.meant or not found.found):
        lines = [context.say("No paper that I know has {words}.", words=quoted(spelled.unknown))]
    if subscription is not None:
        lines.append(results.named_by_number(context, subscription))
    else:
        lines += results.lines_above_papers(context, query, ending)
    if spelled.meant:
        lines.append(context.say("Did you mean “{meant}”?", meant=spelled.meant))
    elif is_dead_end and found.stored:
        lines.append(_fewer_or_other_words(context, query))
    lines += notes
    if about and not near:
        lines += results.late_lines(context, *parse.parse_query(about).asked)
    if not is_open:
        lines += _for_strangers(context, text, subscription, found)
    rows: channel.Buttons = (_page_buttons(context, text, found, start, is_older=is_older),)
    if subscription is None or ending.when is not None:
        seen = [known.id for known in found.papers]
        rows = (*results.subscribe_buttons(context, text, ending, seen), *rows)
    if is_dead_end:
        rows = ((context.button("help", "help", topic="query"), context.button("settings", "settings")), *rows)
    if spelled.meant:
        rows = ((_try_button(spelled.meant, ending),), *rows)
    days = _days(context, found.papers, query)
    reply = results.papers_reply(lines, found.papers, query=query, days=days, first=start + 1, buttons=rows)
    return with_near(context, reply, _timed(about, ending), near) if near else reply


def _for_strangers(context: CommandContext, text: str, subscription: Subscription | None, found: Page) -> Iterator[str]:
    """Yields lines in place of buttons."""
    if found.found > PAGE:
        yield context.say("The first {count}; in private I show all.", count=PAGE)
    if subscription is None:
        yield context.say("To subscribe: {command}", command=f"/sub {' '.join(text.split())}")


def _author_named(context: CommandContext, text: str) -> str:
    """Returns the query for an author's papers if a text is only the name of an author, and finds few papers; else "".

    A single word is a name only if no paper has it.
    """
    subscription, query = _asked(context, text)
    author = "" if subscription else rewriting.rewritten(query, rewriting.as_author)
    if not author:
        return ""
    found = paper_search.search(context.transaction, query, most=1).found
    if found >= (1 if len(text.split()) == 1 else PAGE):
        return ""
    by_author = paper_search.search(context.transaction, parse.parse_query(author), most=1).found
    if by_author > found:
        return author
    return ""


def _spelling(context: CommandContext, query: Query) -> Spelling:
    """Returns which words no paper has, and the query that was probably meant, if that finds papers."""
    spelled = paper_search.spelling(context.transaction, query)
    if spelled.meant and not paper_search.search(context.transaction, parse.parse_query(spelled.meant), most=1).found:
        return replace(spelled, meant="")
    return spelled


def _near(context: CommandContext, query: Query, subject: str, found: Page) -> tuple[str, Sequence[NearPaper]]:
    """Returns (a query for what is near in meaning to the words of `query`, the nearest papers that the words did not find).

    There are none if the words found enough.
    """
    about = rewriting.about_its_words(query, subject) if found.found < PAGE else ""
    if not about:
        return "", ()
    shown = {known.id for known in found.papers}
    asked = parse.parse_query(about)
    return about, paper_search.near_in_meaning(context.transaction, asked, without=shown, most=PAGE)


def with_near(context: CommandContext, reply: channel.Reply, about: str, near: Sequence[NearPaper]) -> channel.Reply:
    """Returns the reply with papers that are near in meaning, under a line of their own, and [subscribe to the meaning].

    This button follows [subscribe].
    """
    start = len(reply.items)
    papers = [one.known for one in near]
    items = (
        *reply.items,
        *(model.Item(paper=known, because=(), position=at) for at, known in enumerate(papers, start)),
    )
    said = zip(results.days_of(context, papers), near, strict=True)
    days = (_day_and_nearness(context, day, one.nearness) for day, one in said)
    label = context.say("subscribe to the meaning")
    button = context.labelled(label, "subscribe-to", text=about)
    rows = list(reply.buttons)
    subscribing = (at for at, row in enumerate(rows, 1) if any(one.verb == button.verb for one in row))
    rows.insert(max(subscribing, default=len(rows)), (button,))
    return replace(
        reply,
        items=items,
        days=(*reply.days, *days),
        headings={start: _near_line(context, near)},
        numbers=results.card_buttons(items),
        buttons=tuple(rows),
    )


def _near_line(context: CommandContext, near: Sequence[NearPaper]) -> str:
    if near[0].nearness >= NEAR:
        return context.say("Near in meaning:")
    return context.say("Nothing is quite near in meaning; the nearest:")


def _days(context: CommandContext, papers: Sequence[model.KnownPaper], query: Query) -> tuple[str, ...]:
    """Returns the day of each paper; if the query asks for nearness once, also how near the paper is."""
    days = results.days_of(context, papers)
    if len(query.nearness_terms) != 1:
        return days
    near = ((hit.near for hit in why(query, known.paper) if hit.near is not None) for known in papers)
    return tuple(_day_and_nearness(context, day, next(one, None)) for day, one in zip(days, near, strict=True))


def _day_and_nearness(context: CommandContext, day: str, nearness: float | None) -> str:
    said = ""
    if nearness is not None:
        said = phrasing.how_related(context.localizer, nearness)
    return " · ".join(filter(None, (day, said)))


def _fewer_or_other_words(context: CommandContext, query: Query) -> str:
    words = len(query.text.split())
    if words < _MANY_WORDS:
        return context.say("Other words find more; /help query says how to ask.")
    return context.count("{count} word", "A paper must have all {count} words; fewer find more.", words)


def quoted(words: Sequence[str]) -> str:
    """Returns words as a reply names them: the first few, in quotation marks."""
    return ", ".join(f"“{word}”" for word in words[:_NAMED])


def _timed(text: str, ending: Ending) -> str:
    """Returns a query followed by the time that was typed."""
    if ending.when is not None:
        return f"{text} {ending.when}"
    return text


def _try_button(text: str, ending: Ending) -> channel.Button:
    return channel.Button(label=cut_letters(text, _LABEL), verb="look-for", arguments={"text": _timed(text, ending)})


def _count_line(context: CommandContext, query: Query, found: Page, *, is_older: bool) -> str:
    """Returns a line such as "41 of 2,061 papers, 3 in the last 7 days"; says how far back the search read, unless it read all."""
    if not found.stored:
        return context.say("No papers are known yet.")
    amount, is_whole = found.found, found.end is None and not is_older
    if is_whole and not amount:
        return context.count(
            "The only paper that I know does not fit.", "None of the {count} papers that I know fits.", found.stored
        )
    recent = previews.recent_matches(context.transaction, query, now=context.now)
    if is_whole and recent.base.of == found.stored:
        return results.count_found(context, amount, recent.base)
    if is_whole or found.since is None:
        known = context.count("{count} paper", "{count} papers", found.stored)
        counted = context.count("{count} of {papers}", "{count} of {papers}", amount, papers=known)
        return _with_recent(context, recent, amount, counted) if recent.base.recent and not is_older else counted
    looked, day = (
        context.count("{count} paper", "{count} papers", found.looked),
        context.localizer.day(found.since),
    )
    if is_older:
        return context.count(
            "{count} of {looked} before them, back to {day}",
            "{count} of {looked} before them, back to {day}",
            amount,
            looked=looked,
            day=day,
        )
    return context.count(
        "{count} of the newest {looked}, back to {day}",
        "{count} of the newest {looked}, back to {day}",
        amount,
        looked=looked,
        day=day,
    )


def _with_recent(context: CommandContext, recent: previews.Matches, amount: int, counted: str) -> str:
    """Returns `counted`, and adds how many of these papers are from the last days."""
    days, found = phrasing.days_known(context.localizer, recent.base), len(recent.papers)
    if found == amount:
        return context.say("{counted}, all in {days}", counted=counted, days=days)
    if not found:
        return context.say("{counted}, none in {days}", counted=counted, days=days)
    return context.count(
        "{counted}, {count} in {days}", "{counted}, {count} in {days}", found, counted=counted, days=days
    )


def _page_buttons(context: CommandContext, text: str, found: Page, start: int, *, is_older: bool) -> channel.Row:
    """Returns [newer] and [show more], if there are such pages; [show more] goes on with older papers at the end.

    The buttons hold the newest paper that was searched, so that newly arrived papers do not move the pages.
    """
    pages: list[tuple[str, int, int, bool]] = []
    if start:
        pages.append((context.say("newer"), found.upto, max(0, start - PAGE), is_older))
    if start + PAGE < found.found:
        pages.append((context.say("show more"), found.upto, start + PAGE, is_older))
    elif found.end is not None:
        pages.append((context.say("show more"), found.end, 0, True))
    return tuple(
        context.labelled(label, "search-page", text=text, upto=upto, start=at, is_older=older)
        for label, upto, at, older in pages
    )


COMMANDS = (
    Command(
        name="like",
        examples=("/like 2601.15529",),
        run=like,
        usage="ID",
        writes=asking.lacks_text,
        wants=paper_lookup.wanted,
        summary=errors.Sentence("papers near to a paper"),
    ),
    Command(
        name="search",
        examples=("/search graph neural networks",),
        run=search_,
        usage="QUERY",
        writes=lambda context: asking.lacks_text(context) or cards.opens_a_paper(context),
        wants=_wanted,
        summary=errors.Sentence("look through all papers"),
    ),
)

CALLBACKS = {
    "more-like-this": Callback(letter="n", run=on_more_like_this),
    "search-page": Callback(run=on_search_page, wants=asking_texts(query_of_button)),
    "look-for": Callback(run=on_look_for, wants=_wanted),
}
