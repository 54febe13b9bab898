"""The models: which are known, fetching and verifying them, embedding text."""
