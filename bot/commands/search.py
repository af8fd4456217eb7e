"""search and like: finds papers by a query, by meaning or near to other papers, and tries other spellings."""

from collections.abc import Iterator, Sequence

from bot.commands.asking import ask, lacks_text, subscription_numbered, subscriptions_here
from bot.commands.base import Callback, Command, Context
from bot.commands.cards import (
    CARDS,
    named_papers,
    no_paper,
    no_paper_named,
    of_paper,
    opens_a_paper,
    stored_and_unknown,
)
from bot.commands.phrasing import days_known, how_related, in_a_row
from bot.commands.results import (
    count_found,
    days_of,
    lines_above_papers,
    nothing_known,
    number_buttons,
    papers_reply,
    result_items,
    subscribe_buttons,
)
from bot.messages import Button, Buttons, Reply, Row
from subscriptions.chats.known import typed_number
from subscriptions.errors import PaperwireError, Sentence
from subscriptions.matching.reasons import why
from subscriptions.matching.similarity import NEAR
from subscriptions.model import Item, StoredPaper, Subscription
from subscriptions.papers import search as paper_search
from subscriptions.papers.search import NearPaper, Spelling
from subscriptions.papers.similarity import are_late
from subscriptions.plan.previews import recent_matches, search
from subscriptions.query import parse
from subscriptions.query.links import links_to_no_paper, mentioned
from subscriptions.query.parse import parse_query
from subscriptions.query.refusals import MAX_QUERY_LENGTH as LONGEST_QUERY
from subscriptions.query.rewriting import about_its_words, as_author, rewritten
from subscriptions.query.tree import Query
from subscriptions.schedule.times import Ending, NoSuchTime, as_words, ending_of, read_when, split_when
from subscriptions.text.cutting import cut_letters

_MOST_READ = 5000  # characters of a text that are read
_GIVEN_OF_TEXT = 3  # papers to which [bring such papers] subscribes after a text: those nearest to it
PAGE = 5  # papers on a page
_MANY_WORDS = 12
_NAMED = 4  # unknown words that a reply names
_MOST_BESIDE, _MOST_NEAR = 2, 3  # papers near in meaning: beside what words find, where words cannot find any
_CYRILLIC = "\u0400"  # from this letter on, alphabets and scripts other than Latin and Greek
_LABEL = 50  # characters of a button's label


def like(context: Context) -> Reply:
    """Show the papers nearest to those that are named by id, DOI or link.

    If some of them are not stored, these are looked up instead.
    """
    names = mentioned(context.args)[:CARDS]
    if not names:
        if context.args:
            raise no_paper_named(context, "/like 2601.11087")
        return ask(context, "like", context.say("Papers near to which one? Send its arXiv id, DOI or link."))
    papers, unknown = stored_and_unknown(context, names)
    if unknown:  # the card of a looked-up paper has [more like this]
        return named_papers(context, unknown)
    return _alike(context, papers)


def _near_text(context: Context, said: str) -> Reply:
    """Show the papers nearest to a text."""
    read = said[:_MOST_READ]
    context.ask_for_vectors([read])
    found = paper_search.papers_alike(context.transaction, read)
    if not found:
        return context.reply("Nothing is near to this text.")
    head = context.say("I read this as a text. Nearest to it:")
    buttons = _as_wish(context, found[:_GIVEN_OF_TEXT])
    return papers_reply((head,), found, days=days_of(context, found), buttons=buttons)


def _alike(context: Context, given: Sequence[StoredPaper]) -> Reply:
    """Show the papers nearest to the given ones."""
    found = paper_search.papers_alike(context.transaction, given[0].paper.title, given)
    titles = "; ".join(context.title(one) for one in given)
    if not found:
        return context.reply("Nothing is near to {titles}.", titles=titles, buttons=_as_wish(context, given))
    head = context.say("Nearest to {titles}:", titles=titles)
    return papers_reply((head,), found, buttons=_as_wish(context, given))


def _as_wish(context: Context, given: Sequence[StoredPaper]) -> Buttons:
    """Return a button that subscribes to papers near to these.

    Return none if one of them has neither an arXiv id nor a DOI.
    """
    names = list(filter(None, (one.paper.arxiv_id or one.paper.doi for one in given)))
    if len(names) < len(given):
        return ()
    return ((context.button("bring such papers", "subscribe-to", text=f"like:{','.join(names)}"),),)


def search_(context: Context) -> Reply:
    """Show the stored papers that match, the best fit first; for an id, DOI or link, the card of that paper."""
    if not context.args:
        return ask(context, "search", context.say("What shall I look for? For example: /search diffusion -survey"))
    named = mentioned(context.args)
    if named and len(context.args.split()) == 1 and not parse.papers_named(context.args):
        return named_papers(context, named)
    return try_query(context, context.args)


def try_query(context: Context, said: str) -> Reply:
    """Return the reply with the papers that a text finds and how it was read."""
    if len(said) > LONGEST_QUERY:
        return _near_text(context, said)
    if links_to_no_paper(said) and not mentioned(said):
        return no_paper(context, said)
    return papers_found(context, said)


def papers_found(context: Context, text: str, *, when: str = "", subject: str = "") -> Reply:
    """Return the reply with the papers that a query finds, perhaps with a time.

    `when` is a time that was surely meant as one; one at the end of the text may be words. `subject` is what it is
    about, as it was said.
    """
    notes: tuple[str, ...] = ()
    if when:
        try:
            text = f"{text} {read_when(when, read_when(context.chat.settings.schedule).cadence)}"
        except NoSuchTime as error:
            notes = (context.say(error.sentence), context.say(error.hint))
    elif split_when(text).either:
        text = as_words(text)
    ending = ending_of(text)
    if author := _author_named(context, ending.query):
        text = _timed(author, ending)
        words = " ".join(ending.query.split())
        notes += (context.say("(“{words}” is the name of an author.)", words=words),)
    return _Results(context, text, subject=subject).reply(notes)


def finds_papers(context: Context, said: str) -> bool:
    """Return whether any stored paper matches the text as a query."""
    try:
        _, query = _asked(context, split_when(said).query)
    except PaperwireError:
        return False
    return bool(_amount(context, query))


def on_search_page(context: Context) -> Reply:
    """Handle [newer] and [show more]: replaces the page with another one."""
    upto, start = int(context.arguments["upto"]), int(context.arguments["start"])
    return _Results(context, context.args, upto, start, is_older=bool(context.arguments.get("is_older"))).reply()


def _amount(context: Context, query: Query) -> int:
    """Return how many stored papers match."""
    return paper_search.search(context.transaction, query, most=1).found


def _asked(context: Context, text: str) -> tuple[Subscription | None, Query]:
    """Return (the chat's subscription that the text names or that asks the same, or None; the query, to be matched).

    Raise EmbeddingError, QueryError, Refused, NeedsLookup.
    """
    subscription = subscription_numbered(context, typed_number(text))
    query = parse_query(subscription.text if subscription else text)
    context.ask_for_vectors(query.asked)
    query = paper_search.with_vectors_for(context.transaction, query, context.chat.id)
    if subscription is None:
        there = subscriptions_here(context)
        subscription = next((one for one in there if one.canonical == query.canonical), None)
    return subscription, query


def _author_named(context: Context, text: str) -> str:
    """Return the query for an author's papers if a text is only the name of an author, and finds few papers; else "".

    A single word is a name only if no paper has it.
    """
    subscription, query = _asked(context, text)
    author = "" if subscription else rewritten(query, as_author)
    if not author:
        return ""
    found, few = _amount(context, query), 1 if len(text.split()) == 1 else PAGE
    return author if found < few and found < _amount(context, parse_query(author)) else ""


def _has_other_script(text: str) -> bool:
    """Return whether a text has letters that English papers do not have, so that only its meaning can find these."""
    return any(sign >= _CYRILLIC and sign.isalpha() for sign in text)


def _timed(text: str, ending: Ending) -> str:
    """Return a query followed by the time that was typed."""
    return f"{text} {ending.when or ''}".strip()


class _Results:
    """A page of what a text finds among the papers up to the paper `upto`, or all; and how the text was read.

    `start` is the number of matches before the page. `is_older`: matches in newer papers were on other pages. `subject`
    is what they are about, as it was said. If the words find few papers, papers follow that are near in meaning.
    """

    def __init__(
        self,
        context: Context,
        text: str,
        upto: int | None = None,
        start: int = 0,
        *,
        is_older: bool = False,
        subject: str = "",
    ) -> None:
        self.context, self.text, self.start, self.is_older = context, text, start, is_older
        self.ending = split_when(text)
        self.subscription, self.query = _asked(context, self.ending.query)
        self.found = search(
            context.transaction, context.chat, self.query, now=context.now, upto=upto, start=start, most=PAGE
        )
        self.spelled, self.about = Spelling((), ""), ""
        self.near: Sequence[NearPaper] = ()
        is_first = not (start or is_older)
        if is_first and self.found.found < PAGE:
            if not context.read_by_strangers:
                self.spelled = self._spelling()
            self.about = about_its_words(self.query, subject)
            self.near = self._near_in_meaning() if self.about else ()
        self.is_dead_end = is_first and not (self.found.found or self.near)

    def _spelling(self) -> Spelling:
        """Return which words no paper has, and the query that was probably meant, if that finds papers."""
        spelled = paper_search.spelling(self.context.transaction, self.query)
        if spelled.meant and not _amount(self.context, parse_query(spelled.meant)):
            return spelled._replace(meant="")
        return spelled

    def _near_in_meaning(self) -> Sequence[NearPaper]:
        """Return the papers that are nearest in meaning to the words of the query, without those that have them."""
        asked, shown = parse_query(self.about), {known.id for known in self.found.papers}
        self.context.ask_for_vectors(asked.asked)
        near = paper_search.near_in_meaning(self.context.transaction, asked, without=shown, most=_MOST_NEAR)
        if self.found.found or not _has_other_script(self.query.text):
            near = [one for one in near if one.nearness >= NEAR][:_MOST_BESIDE]
        return near

    def reply(self, notes: Sequence[str] = ()) -> Reply:
        """Return the reply that shows the page; `notes` say more of how the text was read."""
        context, found, near = self.context, self.found, self.near
        items = result_items(found.papers, self.query)
        items += tuple(Item(paper=one.known, because=(), position=at) for at, one in enumerate(near, len(items)))
        nearness = [*map(self._nearness, found.papers), *(one.nearness for one in near)]
        related = ["" if one is None else how_related(context.localizer, one) for one in nearness]
        days = zip(days_of(context, [one.paper for one in items]), related, strict=True)
        headings = {}
        if near:
            is_near = near[0].nearness >= NEAR
            said = (
                Sentence("Near in meaning:") if is_near else Sentence("Nothing is quite near in meaning; the nearest:")
            )
            headings[len(found.papers)] = context.say(said)
        return Reply(
            (*self._lines(), *notes, *self._last_lines()),
            items=items,
            days=[" · ".join(filter(None, both)) for both in days],
            headings=headings,
            first=self.start + 1,
            numbers=number_buttons(items, first=self.start + 1),
            buttons=tuple(self._rows()),
        )

    def _nearness(self, known: StoredPaper) -> float | None:
        """Return how near a found paper is, if the query asks for nearness once."""
        if len(self.query.nearness_terms) != 1:
            return None
        return next((hit.near for hit in why(self.query, known.paper) if hit.near is not None), None)

    def _lines(self) -> Iterator[str]:
        """Yield what was found, how the query was read, and what finds more."""
        context, query = self.context, self.query
        yield self._head()
        if one := self.subscription:
            yield context.say("This is subscription {number}: {name}", number=one.number, name=one.label)
        else:
            yield from lines_above_papers(context, query, self.ending)
        words = len(query.text.split())
        if self.spelled.meant:
            yield context.say("Did you mean “{meant}”?", meant=self.spelled.meant)
        elif self.is_dead_end and self.found.stored and words < _MANY_WORDS:
            yield context.say("Other words find more; /help query says how to ask.")
        elif self.is_dead_end and self.found.stored:
            yield context.count("{count} word", "A paper must have all {count} words; fewer find more.", words)

    def _last_lines(self) -> Iterator[str]:
        """Yield that nearness takes longer, and lines in place of buttons."""
        context = self.context
        if self.about and not self.near and are_late(context.transaction, parse_query(self.about).asked):
            yield context.say("What is near in meaning takes longer; ask again in a moment.")
        if context.read_by_strangers and self.found.found > PAGE:
            yield context.say("The first {count}; in private I show all.", count=PAGE)
        if context.read_by_strangers and self.subscription is None:
            yield context.say("To subscribe: {command}", command=f"/sub {' '.join(self.text.split())}")

    def _head(self) -> str:
        """Return the first line: the words that no paper has, or "41 of 2,061 papers, 3 in the last 7 days".

        Says how far back the search read, unless it read all.
        """
        context, found, amount = self.context, self.found, self.found.found
        if not found.stored:
            return nothing_known(context)
        if self.spelled.unknown and (self.spelled.meant or not amount):
            named = [f"“{word}”" for word in self.spelled.unknown[:_NAMED]]
            unknown = in_a_row(named, Sentence("{before}, {part}"), context.localizer)
            return context.say("No paper that I know has {words}.", words=unknown)
        is_whole = found.end is None and not self.is_older
        if is_whole and not amount:
            return context.count(
                "The only paper that I know does not fit.", "None of the {count} papers that I know fits.", found.stored
            )
        if is_whole or found.since is None:
            return self._count_of_all()
        looked, day = context.count("{count} paper", "{count} papers", found.looked), context.localizer.day(found.since)
        if self.is_older:
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

    def _count_of_all(self) -> str:
        """Return how many of all papers were found, and how many of these are from the last days."""
        context, amount, stored = self.context, self.found.found, self.found.stored
        recent = recent_matches(context.transaction, self.query, now=context.now)
        if recent.base.of == stored and not self.is_older:
            return count_found(context, amount, recent.base)
        known = context.count("{count} paper", "{count} papers", stored)
        counted = context.count("{count} of {papers}", "{count} of {papers}", amount, papers=known)
        if self.is_older or not recent.base.recent:
            return counted
        days, found = days_known(context.localizer, recent.base), len(recent.papers)
        if found == amount:
            return context.say("{counted}, all in {days}", counted=counted, days=days)
        if not found:
            return context.say("{counted}, none in {days}", counted=counted, days=days)
        return context.count(
            "{counted}, {count} in {days}", "{counted}, {count} in {days}", found, counted=counted, days=days
        )

    def _rows(self) -> Iterator[Row]:
        """Yield the buttons in rows: what was meant, help, [subscribe], other pages."""
        context, meant = self.context, self.spelled.meant
        if meant:
            label = cut_letters(meant, _LABEL)
            yield (context.labelled(label, "look-for", text=_timed(meant, self.ending)),)
        if self.is_dead_end:
            yield (context.button("help", "help", text="query"), context.button("settings", "set"))
        if self.subscription is None or self.ending.when is not None:
            yield from subscribe_buttons(context, self.text, self.ending, [known.id for known in self.found.papers])
        if self.near:
            text = _timed(self.about, self.ending)
            yield (context.button("subscribe to the meaning", "subscribe-to", text=text),)
        yield tuple(self._pages())

    def _pages(self) -> Iterator[Button]:
        """Yield [newer] and [show more], if there are such pages; [show more] goes on with older papers at the end.

        The buttons hold the newest paper that was searched, so that newly arrived papers do not move the pages.
        """
        context, found, start = self.context, self.found, self.start
        if start:
            yield self._to(context.say("newer"), found.upto, max(0, start - PAGE), is_older=self.is_older)
        if start + PAGE < found.found:
            yield self._to(context.say("show more"), found.upto, start + PAGE, is_older=self.is_older)
        elif found.end is not None:
            yield self._to(context.say("show more"), found.end, 0, is_older=True)

    def _to(self, label: str, upto: int, start: int, *, is_older: bool) -> Button:
        return self.context.labelled(label, "search-page", text=self.text, upto=upto, start=start, is_older=is_older)


COMMANDS = (
    Command(
        like,
        "like",
        "papers near to a paper",
        examples=("/like 2601.15529",),
        usage="ID",
        writes=lacks_text,
        is_answer=lambda text: bool(mentioned(text)),
    ),
    Command(
        search_,
        "search",
        "look through all papers",
        examples=("/search graph neural networks",),
        usage="QUERY",
        writes=lambda context: lacks_text(context) or opens_a_paper(context),
    ),
)

CALLBACKS = {
    "card-similar": Callback(of_paper(lambda context, item: _alike(context, [item.paper]))),
    "search-page": Callback(on_search_page, replaces=True),
    "look-for": Callback(search_),
}
