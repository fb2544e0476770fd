"""What is measured: a module an area, each with `TITLE` and `measure(bench)`, which returns its section of the page."""

from . import blobs, dhcp, scripts, tftp

AREAS = {"tftp": tftp, "scripts": scripts, "blobs": blobs, "dhcp": dhcp}
