"""The answering model: prompts, a GGUF in this process or a server, constrained decoding."""
