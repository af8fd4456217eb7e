"""The query language (docs/queries.md): typed text -> syntax tree and alternatives -> canonical text.

`syntax` declares what a query can ask for, and its values; `parse` reads a text. `rewriting` makes texts that people can read
and type. `advice` and `variants` find better queries. `links` finds the papers that a text names.
"""
