"""The pages for people: the chat of the platform that has pages, the operator's page, and who may open them.

`bot.rooms` names this room; without it, the web address has health, metrics and the pages for programs.
"""
