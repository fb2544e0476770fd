"""A relay agent with many machines behind it: each gets a lease on its own address, as its iPXE would.

Run in the client's namespace as a program of its own: `relay.py ADDRESS SERVER FIRST COUNT`. Machine i has the MAC
02:4d:55 and three bytes of i, and reserved for it the i-th address of the network (httpload's numbering).
"""

import socket
import struct
import sys
import time

_COOKIE = b"\x63\x82\x53\x63"
_DISCOVER, _OFFER, _REQUEST, _ACK = 1, 2, 3, 5
#: Exchanges on their way at once, and seconds until a packet is sent again.
_WINDOW, _RETRY = 64, 1.0


def mac_of(machine: int) -> bytes:
    return b"\x02\x4d\x55" + machine.to_bytes(3, "big")


def uuid_of(machine: int) -> str:
    return f"4d555354-4552-4000-8000-{machine:012x}"


def main() -> None:
    relay, server, first, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    udp.bind((relay, 67))
    udp.settimeout(_RETRY / 4)
    waiting = list(range(first, first + count))
    running: dict[int, tuple[float, bytes]] = {}

    def send(machine: int, packet: bytes) -> None:
        running[machine] = (time.monotonic(), packet)
        udp.sendto(packet, (server, 67))

    deadline = time.monotonic() + 120
    while waiting or running:
        while waiting and len(running) < _WINDOW:
            machine = waiting.pop()
            send(machine, _packet(relay, machine, [(53, bytes([_DISCOVER]))]))
        try:
            answer = udp.recv(2048)
        except TimeoutError:
            answer = b""
        machine, kind, address, identifier = _read(answer)
        if machine in running and kind == _OFFER:
            send(machine, _packet(relay, machine, [(53, bytes([_REQUEST])), (50, address), (54, identifier)]))
        elif machine in running and kind == _ACK:
            del running[machine]
        now = time.monotonic()
        if now > deadline:
            sys.exit(f"{len(waiting) + len(running)} machines got no lease")
        for machine, (sent, packet) in list(running.items()) if not answer else []:
            if now - sent > _RETRY:
                send(machine, packet)


def _packet(relay: str, machine: int, options: list[tuple[int, bytes]]) -> bytes:
    """A packet of an iPXE in a BIOS machine, as its relay agent passes it on."""
    uuid = bytes.fromhex(uuid_of(machine).replace("-", ""))
    # RFC 4578: option 97 has the first three fields in little-endian order.
    uuid = uuid[3::-1] + uuid[5:3:-1] + uuid[7:5:-1] + uuid[8:]
    options = options + [
        (93, b"\0\0"),
        (94, b"\1\2\1"),
        (60, b"PXEClient:Arch:00000:UNDI:002001"),
        (77, b"iPXE"),
        (97, b"\0" + uuid),
        (55, bytes([1, 3, 6, 67, 43, 60, 66, 150, 175])),
    ]
    header = struct.pack(
        "!BBBBIHH4s4s4s4s16s192x4s",
        1,
        1,
        6,
        1,
        machine,
        0,
        0,
        b"",
        b"",
        b"",
        socket.inet_aton(relay),
        mac_of(machine),
        _COOKIE,
    )
    return header + b"".join(bytes([code, len(value)]) + value for code, value in options) + b"\xff"


def _read(packet: bytes) -> tuple[int, int, bytes, bytes]:
    """The answer's machine, message type, address and server identifier; -1 for a packet that is no answer."""
    if len(packet) < 240 or packet[0] != 2:
        return -1, 0, b"", b""
    options, at = {}, 240
    while at + 1 < len(packet) and packet[at] != 255:
        if packet[at] == 0:
            at += 1
            continue
        options[packet[at]] = packet[at + 2 : at + 2 + packet[at + 1]]
        at += 2 + packet[at + 1]
    machine = struct.unpack_from("!I", packet, 4)[0]
    return machine, options.get(53, b"\0")[0], packet[16:20], options.get(54, b"")


if __name__ == "__main__":
    main()
