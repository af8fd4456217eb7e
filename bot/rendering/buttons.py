"""The buttons of papers: which a card has, in how many rows, what they open, and where the links of a paper lead.

The data of a button on a card is the data of the button that opens the card, a dot, and the button's name;
bot/commands/cards.py reads it.
"""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote, urlsplit

from bot.messages import Button, Buttons, Row
from bot.rendering.views import CardButtons
from subscriptions.language import Language
from subscriptions.model import Item, Paper, Signal
from subscriptions.papers.kept import article_of
from subscriptions.text.cutting import clean
from subscriptions.text.statements import artefact_address

IN_ROW = 8  # buttons in one row: the most that platforms with number buttons can show

# Characters of a link. A longer link is left out.
LONGEST = 1500
_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+\.?")
_PREPRINT = re.compile(r"https://www\.(?:bio|med)rxiv\.org/content/10\.\d{4,9}/[\w.;()/-]+v\d+")
_SAFE = "%/:=&?~#+!$,;'@()*[]-._"
_PLACES = {"https://arxiv.org/": "arXiv", "https://doi.org/": "DOI"}


def card_buttons(opens: Button | None, item: Item, language: Language) -> CardButtons:
    """Return the buttons of a paper. `opens` is the button that opens its card. Without `opens`, returns only links.

    Pass None in a chat where strangers could press the buttons.
    """
    links, artefact = _paper_links(item, language), _artefact_link(item, language)
    if opens is None:
        return CardButtons(first=(*links, *artefact))

    def button(name: str, label: str, tells: Signal | None = None) -> Button:
        shows = f"{tells.name}:{item.paper.id}" if tells else ""
        return Button(name=name, label=label, data=f"{opens.data}.{name}", shows=shows)

    first = [
        *(one for place, one in enumerate(links) if not place or one.name == "article"),
        *artefact,
        button("save", language.say("save"), Signal.SAVED),
        button("like", "👍", Signal.LIKED),
        button("dislike", "👎", Signal.DISLIKED),
    ]
    second = [] if opens.arguments.get("whole") else [button("more", language.say("more"))]
    if any(because.number for because in item.because):  # it was brought by a subscription, which can be changed
        second += [button("less", language.say("less of this")), button("why", language.say("why"))]
    second.append(button("similar", language.say("similar")))
    return CardButtons(opens=opens, first=tuple(first), second=tuple(second))


def button_rows(buttons: Sequence[Button]) -> Buttons:
    """Return the buttons in as few rows as possible, of nearly equal length: nine buttons become five and four."""
    if not buttons:
        return ()
    rows = -(-len(buttons) // IN_ROW)
    width = -(-len(buttons) // rows)
    return tuple(tuple(buttons[start : start + width]) for start in range(0, len(buttons), width))


def _paper_links(item: Item, language: Language) -> Row:
    """Return buttons with the links of a paper: its PDF, its page, and its article if the page is that of a preprint."""
    paper = item.paper.paper
    page, pdf = paper_url(paper), pdf_url(paper)
    place = next((name for start, name in _PLACES.items() if page.startswith(start)), language.say("open"))
    known = article_of(paper)
    article = doi_url(known.doi if known else "")
    links = (
        ("pdf", "PDF", pdf),
        ("page", place, page if page != pdf else ""),
        ("article", language.say("article"), article if article != page else ""),
    )
    return tuple(Button(name=name, label=label, url=url) for name, label, url in links if 0 < len(url) <= LONGEST)


def _artefact_link(item: Item, language: Language) -> Row:
    """Return a button with the address of the paper's code, else of its data, as abstract and comment name it.

    () if there is none, or if a text that the digest itself shows names it.
    """
    paper = item.paper.paper
    for kind, label in (("code", language.say("code")), ("data", language.say("data"))):
        if url := web_url(artefact_address(kind, paper.comment, paper.abstract)):
            told = (text for summary in paper.summaries for text in summary.fields.values())
            is_told = any(url.partition("://")[2] in text for text in told)
            return () if is_told else (Button(name="code", label=label, url=url),)
    return ()


def paper_url(paper: Paper) -> str:
    """Return the link to the paper's page, safe inside quotes and angle brackets; "" if no link is known."""
    return next((url for url in _links(paper) if url and len(url) <= LONGEST), "")


def _links(paper: Paper) -> Iterator[str]:
    if arxiv_id := clean(paper.arxiv_id or ""):
        yield f"https://arxiv.org/abs/{quote(arxiv_id, safe='/-.')}"
    yield doi_url(paper.doi or "")
    yield web_url(paper.url or "")


def doi_url(doi: str) -> str:
    """Return the link to what a DOI names; "" without one."""
    return f"https://doi.org/{quote(doi, safe='/:;().,_-')}" if (doi := clean(doi)) else ""


def web_url(url: str) -> str:
    """Return an http or https link, percent-encoded where characters would break a platform's markup.

    "" for anything else.

    A link whose host has no dot is refused, because TDLib's parser silently drops it.
    """
    try:
        parts = urlsplit(clean(url))
        host = parts.hostname or ""
    except ValueError:
        return ""
    if parts.scheme.lower() not in {"http", "https"} or not _HOST.fullmatch(host):
        return ""
    safe = quote(parts.geturl(), safe=_SAFE)
    if len(safe) <= LONGEST:
        return safe
    return ""


def pdf_url(paper: Paper) -> str:
    """Return the link to the paper's PDF at arXiv, bioRxiv, medRxiv or its source; "" if no link is known."""
    if arxiv_id := clean(paper.arxiv_id or ""):
        return f"https://arxiv.org/pdf/{quote(arxiv_id, safe='/-.')}"
    page = web_url(paper.url or "")
    if _PREPRINT.fullmatch(page):
        return f"{page}.full.pdf"
    if urlsplit(page).path.lower().endswith(".pdf"):
        return page
    return ""
