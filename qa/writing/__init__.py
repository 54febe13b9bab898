"""Puts the answer together."""
