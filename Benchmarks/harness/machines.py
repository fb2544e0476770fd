"""Simulated machines, numbered as the load clients number them."""

import sys
from pathlib import Path

from . import network
from .relay import mac_of, uuid_of

#: The first machine's number: its address is the first of the pools that are configured here.
FIRST = 0x1000


def resource(number: int, profile: str, *, address: bool = True) -> dict[str, object]:
    """The Machine resource of one of them, with its address reserved where there is one for it."""
    machine: dict[str, object] = {
        "kind": "Machine",
        "name": f"m{number}",
        "macs": [mac_of(number).hex(":")],
        "uuid": uuid_of(number),
        "profile": profile,
    }
    if address:
        machine["address"] = str(network.MACHINES[number])
    return machine


def take_leases(count: int) -> None:
    """Lets the first `count` machines take a lease on their addresses from the running server."""
    relay = Path(__file__).with_name("relay.py")
    command = [sys.executable, str(relay), network.RELAY, network.SERVER, str(FIRST), str(count)]
    network.run(*network.inside("client", *command))
