"""The pages for people: the chat of the platform that has pages, and who may open them."""
