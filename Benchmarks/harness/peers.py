"""The servers that Muster is measured beside, each as its Debian package configures it, or better where that is known.

dnsmasq and nginx come from installed packages; the two TFTP daemons are unpacked privately (packages.py).
"""

from pathlib import Path

from . import network
from .server import Server, tcp_listens, udp_listens

TFTP_PORT = 69
HTTP_PORT = 80


def tftpd_hpa(root: Path, files: Path, scratch: Path) -> Server:
    """A process for each client; knows blksize, not windowsize."""
    command = [
        str(root / "usr/sbin/in.tftpd"),
        "-L",
        "--secure",
        "--user",
        "nobody",
        "--address",
        f"0.0.0.0:{TFTP_PORT}",
    ]
    return Server("tftpd-hpa", [*command, str(files)], scratch / "tftpd-hpa.log", udp_listens(TFTP_PORT))


def atftpd(root: Path, files: Path, scratch: Path) -> Server:
    """A thread for each client; knows blksize and windowsize."""
    command = [str(root / "usr/sbin/atftpd"), "--daemon", "--no-fork", "--user", "nobody.nogroup", "--group", "nogroup"]
    command += ["--port", str(TFTP_PORT), "--maxthread", "1000", "--verbose=3", "--logfile", "-", str(files)]
    return Server("atftpd", command, scratch / "atftpd.log", udp_listens(TFTP_PORT))


def dnsmasq_tftp(files: Path, scratch: Path) -> Server:
    """One loop for all clients; knows blksize, not windowsize."""
    command = [
        "dnsmasq",
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--port=0",
        "--user=root",
        "--log-facility=-",
    ]
    command += ["--enable-tftp", f"--tftp-root={files}", "--tftp-max=2000", "--quiet-tftp"]
    return Server("dnsmasq", command, scratch / "dnsmasq-tftp.log", udp_listens(TFTP_PORT))


def nginx(files: Path, scratch: Path) -> Server:
    """Debian's nginx with a worker a core and sendfile, no access log, and room for ten thousand connections."""
    configuration = scratch / "nginx.conf"
    configuration.write_text(f"""
        daemon off; user root; worker_processes auto; worker_rlimit_nofile 65536; pid {scratch}/nginx.pid;
        error_log stderr warn;
        events {{ worker_connections 32768; multi_accept on; }}
        http {{
            sendfile on; tcp_nopush on; keepalive_requests 100000000; keepalive_timeout 600; access_log off;
            open_file_cache max=1000; default_type application/octet-stream;
            client_body_temp_path {scratch}/nginx-body; proxy_temp_path {scratch}/nginx-proxy;
            fastcgi_temp_path {scratch}/nginx-fastcgi; uwsgi_temp_path {scratch}/nginx-uwsgi;
            scgi_temp_path {scratch}/nginx-scgi;
            server {{ listen {HTTP_PORT} backlog=65535; root {files}; }}
        }}
        """)
    command = ["nginx", "-e", "stderr", "-c", str(configuration)]
    return Server("nginx", command, scratch / "nginx.log", tcp_listens(HTTP_PORT))


def dnsmasq_dhcp(directory: Path, *, known: dict[str, str] | None = None) -> Server:
    """A DHCP server for the machines behind the relay, its lease file in `directory`, synchronised with each lease.

    `known` reserves addresses by MAC.
    """
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "hosts").write_text("".join(f"{mac},{address}\n" for mac, address in (known or {}).items()))
    first, last = network.MACHINES[0x1000], network.MACHINES[-2]
    command = [
        "dnsmasq",
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--port=0",
        "--user=root",
        "--log-facility=-",
    ]
    command += ["--no-ping", "--quiet-dhcp", "--dhcp-authoritative", "--dhcp-lease-max=1000000"]
    command += [f"--dhcp-range={first},{last},{network.MACHINES.netmask},1h", f"--dhcp-hostsfile={directory}/hosts"]
    command += [f"--dhcp-leasefile={directory}/leases", f"--interface={network.INTERFACE}"]
    return Server("dnsmasq", command, directory / "dnsmasq.log", udp_listens(67))


def dnsmasq_boot(files: Path, loader: str, directory: Path) -> Server:
    """DHCP and TFTP for a machine on the wire: a loader for UEFI, nginx's script for iPXE, and nothing to wait for."""
    link = network.SERVER.rsplit(".", 1)[0]
    command = [
        "dnsmasq",
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--port=0",
        "--user=root",
        "--log-facility=-",
    ]
    command += [f"--interface={network.INTERFACE}", "--no-ping", "--dhcp-authoritative"]
    command += [f"--dhcp-range={link}.100,{link}.199,1h", f"--dhcp-leasefile={directory}/leases"]
    command += ["--enable-ra", f"--dhcp-range={network.SERVER_IPV6},ra-only"]
    command += ["--enable-tftp", f"--tftp-root={files}"]
    command += ["--dhcp-match=set:ipxe,175", "--dhcp-option-force=tag:ipxe,encap:175,176,1b"]
    command += [
        f"--dhcp-boot=tag:ipxe,http://{network.SERVER}:{HTTP_PORT}/boot.ipxe",
        f"--dhcp-boot=tag:!ipxe,{loader}",
    ]
    return Server("dnsmasq", command, directory / "dnsmasq.log", udp_listens(67))
