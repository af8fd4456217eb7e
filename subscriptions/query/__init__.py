"""The query language (docs/queries.md): typed text -> syntax tree and alternatives -> canonical text.

`fields` declares what a query can ask for, `parsing` reads a text, `syntax` has the result. `writing` and `rewriting` make
texts that people can read and type. `advice` and `slips` find better queries. `identifiers` and `links` find the papers
that a text names.
"""
