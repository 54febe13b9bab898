"""Keeps the store equal to the folders it is read from."""
