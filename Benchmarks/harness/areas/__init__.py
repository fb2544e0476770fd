"""What is measured: a module an area, each with `TITLE` and `measure(bench)`, which returns its section of the page."""

from . import blobs, dhcp, tftp

AREAS = {"tftp": tftp, "blobs": blobs, "dhcp": dhcp}
