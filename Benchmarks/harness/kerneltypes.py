"""A kernel's own description of its structures (Linux: Documentation/bpf/btf.rst)."""

import struct

_STRUCTURE = 4
#: Bytes that follow an entry of each kind: so many, and so many for each of its members.
_TAILS = {1: (4, 0), 3: (12, 0), 4: (0, 12), 5: (0, 12), 6: (0, 8), 13: (0, 8), 14: (4, 0), 15: (0, 12), 17: (4, 0), 19: (0, 12)}


def structures(types: bytes) -> dict[str, tuple[int, dict[str, int]]]:
    """Name → its size, and the offset of each member: bytes. Of several of one name, the first."""
    header, place, length, text = struct.unpack_from("<IIII", types, 4)
    end = header + place + length

    def name(offset: int) -> str:
        begin = header + text + offset
        return types[begin : types.index(b"\0", begin)].decode()

    found: dict[str, tuple[int, dict[str, int]]] = {}
    place += header
    while place < end:
        label, info, size = struct.unpack_from("<III", types, place)
        kind, count = info >> 24 & 31, info & 0xFFFF
        place += 12
        if kind == _STRUCTURE:
            # With the highest bit, an offset's upper eight bits say how many bits the member has.
            mask = 0xFFFFFF if info >> 31 else 0xFFFFFFFF
            members = (struct.unpack_from("<III", types, place + 12 * i) for i in range(count))
            found.setdefault(name(label), (size, {name(member): (bits & mask) // 8 for member, _, bits in members}))
        fixed, each = _TAILS.get(kind, (0, 0))
        place += fixed + each * count
    return found
