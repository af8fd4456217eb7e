"""Other engines: two that search words and phrases as literal texts, with the boolean part in Python, and SQLite's index."""

import re
import sqlite3
from collections.abc import Callable
from importlib import import_module

from bench.matching import engines
from bench.matching.lines import Kind, Line, Term, terms_of, text_of
from subscriptions.model import Paper


class Literals(engines.Engine):
    """Finds literal patterns in one pass, then checks only the lines whose rarest pattern was found."""

    def expresses(self, line: Line) -> bool:
        """Returns False for initials. The text of a paper also contains its categories and authors."""
        return all(term.kind is not Kind.INITIAL for term in terms_of(line))

    def compile(self, lines: list[Line]) -> None:
        """Numbers the patterns, and stores each clause under its rarest pattern."""
        numbers: dict[Term, int] = {}
        clauses: list[tuple[int, list[int], list[int]]] = []
        uses: list[int] = []
        for number, line in enumerate(lines):
            for wanted, others in line.alternatives:
                slots, unwanted = ([numbers.setdefault(term, len(numbers)) for term in one] for one in (wanted, others))
                uses.extend([0] * (len(numbers) - len(uses)))
                for slot in slots:
                    uses[slot] += 1
                clauses.append((number, slots, unwanted))
        self.single: dict[int, list[int]] = {}
        self.filed: dict[int, list[tuple[int, tuple[int, ...], tuple[int, ...]]]] = {}
        for number, slots, unwanted in clauses:
            rarest = min(slots, key=uses.__getitem__)
            rest = tuple(slot for slot in slots if slot != rarest)
            if rest or unwanted:
                self.filed.setdefault(rarest, []).append((number, rest, tuple(unwanted)))
            else:
                self.single.setdefault(rarest, []).append(number)
        self.met = self.finder([_pattern(term) for term in numbers])

    def finder(self, patterns: list[str]) -> Callable[[str], set[int]]:
        """Returns a function that finds the numbers of the patterns in a text."""
        raise NotImplementedError

    def read(self, papers: list[Paper]) -> None:
        """Makes one text of each paper."""
        self.texts = [_literal_text(paper) for paper in papers]

    def match(self) -> engines.Found:
        """Finds the patterns in each paper, then the lines."""
        found: dict[int, int] = {}
        get = found.get
        for place, text in enumerate(self.texts):
            bit = 1 << place
            met = self.met(text)
            for slot in met:
                for number in self.single.get(slot, ()):
                    found[number] = get(number, 0) | bit
                for number, rest, unwanted in self.filed.get(slot, ()):
                    if met.issuperset(rest) and met.isdisjoint(unwanted):
                        found[number] = get(number, 0) | bit
        return found


class AhoCorasickRs(Literals):
    """The automaton of the package ahocorasick_rs, written in Rust."""

    def finder(self, patterns: list[str]) -> Callable[[str], set[int]]:
        """Returns a function that finds the numbers of the patterns in a text."""
        automaton = import_module("ahocorasick_rs").AhoCorasick(patterns)
        return lambda text: {number for number, _, _ in automaton.find_matches_as_indexes(text, overlapping=True)}


class Hyperscan(Literals):
    """Intel's multi-pattern matcher, from the package hyperscan."""

    def finder(self, patterns: list[str]) -> Callable[[str], set[int]]:
        """Returns a function that finds the numbers of the patterns in a text."""
        hyperscan = import_module("hyperscan")
        database = hyperscan.Database()
        expressions = [re.escape(pattern).encode() for pattern in patterns]
        database.compile(expressions=expressions, ids=range(len(patterns)), flags=hyperscan.HS_FLAG_SINGLEMATCH)

        def met(text: str) -> set[int]:
            numbers: set[int] = set()
            database.scan(text.encode(), match_event_handler=lambda number, *_: numbers.add(number))
            return numbers

        return met


def _literal_text(paper: Paper) -> str:
    """Returns the whole paper as one text, with a space before and after each word."""
    words = re.findall(r"\w+", text_of(paper).lower())
    titles = [f"ti:{word}" for word in re.findall(r"\w+", paper.title.lower())]
    categories = [f"cat:{category.lower()}" for category in paper.categories]
    authors = [f"au:{author.lower()}" for author in paper.authors]
    return f" {' '.join([*words, *titles, *categories, *authors])} "


def _pattern(term: Term) -> str:
    """Returns the literal text of a term, to be searched in the text of `_literal_text`."""
    text = " ".join(term.words).lower()
    match term.kind:
        case Kind.HAN:
            return text
        case Kind.BEGINNING:
            return f" {text}"
        case Kind.WORDS:
            return f" {text} "
        case kind:
            return f" { {Kind.TITLE: 'ti', Kind.CATEGORY: 'cat', Kind.AUTHOR: 'au'}[kind] }:{text} "


class Fts5(engines.Engine):
    """SQLite's full-text index of the papers in memory, with one search for each line."""

    def expresses(self, line: Line) -> bool:
        """Returns False for initials, and for Chinese, because FTS5 treats a run of Chinese characters as one word."""
        return all(term.kind not in {Kind.HAN, Kind.INITIAL} for term in terms_of(line))

    def compile(self, lines: list[Line]) -> None:
        """Writes each line as an expression."""
        self.expressions = [_fts5(line) for line in lines]

    def read(self, papers: list[Paper]) -> None:
        """Fills the index."""
        self.database = sqlite3.connect(":memory:")
        self.database.execute("CREATE VIRTUAL TABLE paper USING fts5(title, body, categories, authors, detail=full)")
        self.database.executemany(
            "INSERT INTO paper (rowid, title, body, categories, authors) VALUES (?, ?, ?, ?, ?)",
            [
                (place, paper.title, text_of(paper), " / ".join(paper.categories), " / ".join(paper.authors))
                for place, paper in enumerate(papers)
            ],
        )

    def match(self) -> engines.Found:
        """Runs a search for each line."""
        found: dict[int, int] = {}
        ask = self.database.execute
        for number, expression in enumerate(self.expressions):
            papers = 0
            for (place,) in ask("SELECT rowid FROM paper WHERE paper MATCH ?", (expression,)):
                papers |= 1 << place
            if papers:
                found[number] = papers
        return found


def _fts5(line: Line) -> str:
    clauses = []
    for wanted, others in line.alternatives:
        clause = " AND ".join(map(_fts5_term, wanted))
        clauses.append("".join([f"({clause})", *(f" NOT {_fts5_term(term)}" for term in others)]))
    return " OR ".join(f"({clause})" for clause in clauses)


def _fts5_term(term: Term) -> str:
    text = " ".join(re.findall(r"\w+", " ".join(term.words)))
    match term.kind:
        case Kind.BEGINNING:
            return f'body : "{text}"*'
        case Kind.WORDS:
            return f'body : "{text}"'
        case kind:
            column = {Kind.TITLE: "title", Kind.CATEGORY: "categories", Kind.AUTHOR: "authors"}[kind]
            return f'{column} : "{text}"'
