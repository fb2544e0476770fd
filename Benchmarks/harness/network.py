"""Two hosts on a wire: network namespaces `server` and `client` joined by a veth pair with MTU 1500.

The client also answers for the whole of MACHINES, so that ten thousand machines can ask from addresses of their own.
"""

import ipaddress
import subprocess
from pathlib import Path

SERVER = "10.99.0.1"
CLIENT = "10.99.0.2"
#: For router advertisements, without which an iPXE waits for one.
SERVER_IPV6 = "fd4d:5573:7465:7200::1"
#: The network of simulated machines, behind the client as behind a relay agent, whose address is RELAY.
MACHINES = ipaddress.ip_network("10.50.0.0/16")
RELAY = "10.50.0.1"
#: The server's and the client's ends of the wire.
INTERFACE = "boot0"
UPLINK = "uplink0"

_names = "/run/netns"


def run(*command: str) -> str:
    """Runs a command to its end and returns what it printed."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def inside(namespace: str, *command: str) -> list[str]:
    """The command line that runs `command` in one of the two namespaces."""
    return ["ip", "netns", "exec", namespace, *command]


def create() -> None:
    """Makes both namespaces. The names are on a file system of this run's mount namespace only."""
    run("mkdir", "-p", _names)
    run("mount", "-t", "tmpfs", "tmpfs", _names)
    for name in ("server", "client"):
        _ip(f"netns add {name}")
        _ip(f"-n {name} link set lo up")
    _ip(f"-n server link add {INTERFACE} mtu 1500 type veth peer name {UPLINK} netns client")
    _ip(f"-n client link set {UPLINK} mtu 1500 up")
    _ip(f"-n server addr add {SERVER}/24 dev {INTERFACE}")
    _ip(f"-n server addr add {SERVER_IPV6}/64 dev {INTERFACE} nodad")
    _ip(f"-n server link set {INTERFACE} up")
    _plug_clients()
    _ip(f"-n client route add local {MACHINES} dev lo")
    _ip(f"-n server route add {MACHINES} via {CLIENT}")
    for name in ("server", "client"):
        _set(name, "net.ipv4.ip_local_port_range=1024 65535")
        _set(name, "net.core.somaxconn=65535")
        _set(name, "net.ipv4.tcp_max_syn_backlog=65535")
        # A host whose default is BBR gives each packet its time by a timer: what is measured then is that pace, the same
        # for every server, and not the servers. Reno is what every kernel has and lets a namespace choose.
        _set(name, "net.ipv4.tcp_congestion_control=reno")


def plug_virtual_machine(tap: str) -> None:
    """Gives the wire's far end to a virtual machine, through a bridge."""
    _ip(f"-n client addr flush dev {UPLINK}")
    _ip("-n client link add br0 type bridge stp_state 0 forward_delay 0")
    # A host whose bridges pass through its packet filter does not do so here, where that can be said.
    for family in ("ip", "ip6", "arp"):
        if Path(f"/proc/sys/net/bridge/bridge-nf-call-{family}tables").exists():
            _set("client", f"net.bridge.bridge-nf-call-{family}tables=0")
    _ip(f"-n client tuntap add dev {tap} mode tap")
    for port in (UPLINK, tap):
        _ip(f"-n client link set {port} master br0 up")
    _ip("-n client link set br0 up")


def unplug_virtual_machine(tap: str) -> None:
    """Gives the wire's far end back to the load clients."""
    _ip(f"-n client link delete {tap}")
    _ip("-n client link delete br0")
    _plug_clients()


def full_buffer_drops(namespace: str) -> int:
    """Datagrams that the kernel dropped so far because a socket's receive buffer was full."""
    names, values = (line.split() for line in run(*inside(namespace, "grep", "^Udp:", "/proc/net/snmp")).splitlines())
    return int(values[names.index("RcvbufErrors")])


def _plug_clients() -> None:
    """The relay's address is on the wire too, for perfdhcp, which looks for it."""
    for address in (f"{CLIENT}/24", f"{RELAY}/32"):
        _ip(f"-n client addr add {address} dev {UPLINK}")


def _ip(arguments: str) -> None:
    run("ip", *arguments.split())


def _set(namespace: str, setting: str) -> None:
    run(*inside(namespace, "sysctl", "-qw", setting))
