"""Checks what a model wrote against the evidence it may rest on."""
