"""What is measured: a module an area. `measure(bench)` returns its section of the page, whose heading is `TITLE`;
`PACKAGES` are the Debian packages that it wants unpacked."""

from . import blobs, boot, build, dhcp, inventory, scripts, tftp

AREAS = {
    "tftp": tftp,
    "scripts": scripts,
    "blobs": blobs,
    "dhcp": dhcp,
    "boot": boot,
    "build": build,
    "inventory": inventory,
}
