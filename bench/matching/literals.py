"""Engines that search words and phrases as literal texts, and do the boolean part in Python."""

import re
from collections.abc import Callable, Sequence
from importlib import import_module

from bench.matching.engines import Found
from bench.matching.lines import Kind, Line, Term, terms_of, text_of
from subscriptions.model import Paper


class RegexEach:
    """Uses a regular expression for each term of each line."""

    most = 5_000

    def expresses(self, line: Line) -> bool:
        """Returns False for initials. The text of a paper also contains its categories and authors."""
        return all(term.kind is not Kind.INITIAL for term in terms_of(line))

    def compile(self, lines: Sequence[Line]) -> None:
        """Compiles the terms."""
        self.clauses = [
            [([*map(_regex, wanted)], [*map(_regex, others)]) for wanted, others in line.alternatives] for line in lines
        ]

    def read(self, papers: Sequence[Paper]) -> None:
        """Makes one text of each paper."""
        self.texts = [_literal_text(paper) for paper in papers]

    def match(self) -> Found:
        """Goes through all lines and all papers."""
        found: dict[int, int] = {}
        for number, clauses in enumerate(self.clauses):
            for wanted, others in clauses:
                for place, text in enumerate(self.texts):
                    if all(one.search(text) for one in wanted) and not any(one.search(text) for one in others):
                        found[number] = found.get(number, 0) | 1 << place
        return found


class Literals:
    """Finds literal patterns in one pass, then checks only the lines whose rarest pattern was found."""

    most = 10**9

    def expresses(self, line: Line) -> bool:
        """Returns False for initials. The text of a paper also contains its categories and authors."""
        return all(term.kind is not Kind.INITIAL for term in terms_of(line))

    def compile(self, lines: Sequence[Line]) -> None:
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

    def finder(self, patterns: Sequence[str]) -> Callable[[str], set[int]]:
        """Returns a function that finds the numbers of the patterns in a text."""
        raise NotImplementedError

    def read(self, papers: Sequence[Paper]) -> None:
        """Makes one text of each paper."""
        self.texts = [_literal_text(paper) for paper in papers]

    def match(self) -> Found:
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


class PyAhoCorasick(Literals):
    """The automaton of the package pyahocorasick."""

    def finder(self, patterns: Sequence[str]) -> Callable[[str], set[int]]:
        """Returns a function that finds the numbers of the patterns in a text."""
        automaton = import_module("ahocorasick").Automaton()
        for number, pattern in enumerate(patterns):
            automaton.add_word(pattern, number)
        automaton.make_automaton()
        return lambda text: {number for _, number in automaton.iter(text)}


class AhoCorasickRs(Literals):
    """The automaton of the package ahocorasick_rs, written in Rust."""

    def finder(self, patterns: Sequence[str]) -> Callable[[str], set[int]]:
        """Returns a function that finds the numbers of the patterns in a text."""
        automaton = import_module("ahocorasick_rs").AhoCorasick(patterns)
        return lambda text: {number for number, _, _ in automaton.find_matches_as_indexes(text, overlapping=True)}


class Hyperscan(Literals):
    """Intel's multi-pattern matcher, from the package hyperscan."""

    def finder(self, patterns: Sequence[str]) -> Callable[[str], set[int]]:
        """Returns a function that finds the numbers of the patterns in a text."""
        hyperscan = import_module("hyperscan")
        database = hyperscan.Database()
        expressions = [re.escape(pattern).encode() for pattern in patterns]
        flags = hyperscan.HS_FLAG_SINGLEMATCH
        database.compile(expressions=expressions, ids=range(len(patterns)), flags=flags)

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


def _regex(term: Term) -> "re.Pattern[str]":
    return re.compile(re.escape(_pattern(term)))
