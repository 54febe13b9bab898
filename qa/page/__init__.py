"""The chat page: what it says, shows and remembers. `qa.chat` puts it together."""
