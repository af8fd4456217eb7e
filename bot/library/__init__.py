"""A chat's own papers, from a file that Zotero, Mendeley, JabRef or Google Scholar exports: /library and `paperwire library`.

`bot.rooms` names this room; without it, nobody can send a library. A library that is stored counts as before.
"""
