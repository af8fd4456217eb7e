"""Commands of operators, and the decision which chats are served."""
