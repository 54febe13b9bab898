"""The interfaces: command line, HTTP, Model Context Protocol, chat page."""
