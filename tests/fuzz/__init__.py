"""Bytes that no server should send, at the client: nothing but RekaErrors may come out."""
