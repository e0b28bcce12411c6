"""A loopback Discord, and a loopback Reka, for demos and tests. Listens on 127.0.0.1 only."""

from sandbox.entities import Channel, Guild, Interaction, Message, User
from sandbox.faults import Fault
from sandbox.limits import Rule
from sandbox.person import Person
from sandbox.rest import RecordedRequest
from sandbox.server import Sandbox
from sandbox.world import World

__all__ = [
    "Channel",
    "Fault",
    "Guild",
    "Interaction",
    "Message",
    "Person",
    "RecordedRequest",
    "Rule",
    "Sandbox",
    "User",
    "World",
]
