"""Hybrid search, evidence sentences, and whether they answer the question."""
