"""What is measured: a module an area. `measure(bench)` returns its section of the page, whose heading is `TITLE`;
`PACKAGES` are the Debian packages that it wants unpacked, and `prepare(cache, executable)`, where there is one, does what
else wants a network."""

from . import blobs, boot, build, dhcp, init, inventory, scripts, storm, storm_roll, tftp

AREAS = {
    "tftp": tftp,
    "scripts": scripts,
    "blobs": blobs,
    "dhcp": dhcp,
    "boot": boot,
    "init": init,
    "build": build,
    "inventory": inventory,
    "storm": storm,
    "storm-roll": storm_roll,
}
