"""The values that a message is made of (papers, parts), the medium that writes them, and how they are packed."""
