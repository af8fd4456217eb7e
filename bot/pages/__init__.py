"""The pages for people: the chat of the platform that has pages, and who may open them.

`bot.rooms` names this room; without it, the web address has health, metrics and the pages for programs.
"""
