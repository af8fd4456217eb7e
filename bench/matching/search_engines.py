"""Search engines that index the papers and run one search for each line."""

import re
import sqlite3
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any

from bench.matching.engines import Found
from bench.matching.lines import Kind, Line, Term, terms_of, text_of
from subscriptions.model import Paper


class Fts5:
    """SQLite's full-text index of the papers in memory, with one search for each line."""

    most = 10**9

    def expresses(self, line: Line) -> bool:
        """Returns False for initials, and for Chinese, because FTS5 treats a run of Chinese characters as one word."""
        return all(term.kind not in {Kind.HAN, Kind.INITIAL} for term in terms_of(line))

    def compile(self, lines: Sequence[Line]) -> None:
        """Writes each line as an expression."""
        self.expressions = [_fts5(line) for line in lines]

    def read(self, papers: Sequence[Paper]) -> None:
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

    def match(self) -> Found:
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


class Tantivy:
    """The search engine tantivy with the papers in memory, with one search for each line."""

    most = 10**9

    def expresses(self, line: Line) -> bool:
        """Returns False for Chinese, initials and beginnings of words."""
        return all(term.kind not in {Kind.HAN, Kind.BEGINNING, Kind.INITIAL} for term in terms_of(line))

    def compile(self, lines: Sequence[Line]) -> None:
        """Builds a query for each line."""
        tantivy: Any = import_module("tantivy")
        self.tantivy = tantivy
        schema = tantivy.SchemaBuilder()
        for field in ("title", "body", "authors"):
            schema.add_text_field(field)
        schema.add_text_field("categories", tokenizer_name="raw")
        self.schema = schema.build()
        must, must_not, should = tantivy.Occur.Must, tantivy.Occur.MustNot, tantivy.Occur.Should

        def clause(wanted: Iterable[Term], others: Iterable[Term]) -> object:
            terms = [(must, self._term(term)) for term in wanted] + [(must_not, self._term(term)) for term in others]
            return terms[0][1] if len(terms) == 1 else tantivy.Query.boolean_query(terms)

        self.asked = []
        for line in lines:
            clauses = [clause(*one) for one in line.alternatives]
            several = tantivy.Query.boolean_query([(should, one) for one in clauses]) if len(clauses) > 1 else None
            self.asked.append(several or clauses[0])

    def _term(self, term: Term) -> object:
        query, schema = self.tantivy.Query, self.schema
        match term.kind:
            case Kind.CATEGORY:
                return query.term_query(schema, "categories", term.words[0])
            case Kind.AUTHOR:
                words = re.findall(r"\w+", term.words[0].lower())
                return query.phrase_query(schema, "authors", words) if len(words) > 1 else self._word("authors", words)
            case Kind.TITLE:
                return self._word("title", term.words)
            case _:
                several = len(term.words) > 1
                return (
                    query.phrase_query(schema, "body", list(term.words)) if several else self._word("body", term.words)
                )

    def _word(self, field: str, words: Sequence[str]) -> object:
        query: object = self.tantivy.Query.term_query(self.schema, field, words[0])
        return query

    def read(self, papers: Sequence[Paper]) -> None:
        """Fills the index as one segment, so that the number of a document is its place."""
        index = self.tantivy.Index(self.schema)
        writer = index.writer(num_threads=1)
        for paper in papers:
            texts = {"title": paper.title, "body": text_of(paper), "authors": " / ".join(paper.authors)}
            writer.add_document(self.tantivy.Document(**texts, categories=list(paper.categories)))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        self.searcher, self.count = index.searcher(), len(papers)

    def match(self) -> Found:
        """Runs a search for each line."""
        found: dict[int, int] = {}
        search, count = self.searcher.search, self.count
        for number, query in enumerate(self.asked):
            papers = 0
            for _, address in search(query, limit=count, count=False).hits:
                papers |= 1 << address.doc
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
