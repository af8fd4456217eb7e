"""A chat's own papers, from a file that Zotero, Mendeley, JabRef or Google Scholar exports: /library and `paperwire library`."""
