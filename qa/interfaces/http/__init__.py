"""Interfaces for programs: HTTP, the API of OpenAI, the Model Context Protocol."""
