import Vocabulary

/// The closed set of things that TFTP and HTTP serve. A path from outside becomes one of these or nothing: no path
/// ever reaches a file system.
public enum ResourceName: Hashable, Sendable {
    /// A boot loader, by its file name (`/loader/snponly.efi`; over TFTP the bare name).
    case loader(String)
    /// A part of an image: `kernel`, `initrd`, `manifest.json` …
    case image(Digest, part: String)
    /// A blob by its digest.
    case blob(Digest)
    /// The kernel or the initrd of one boot (`boots/<id>/kernel`), for loaders that cannot send a query.
    case boot(BootID, part: String)
    /// What a machine asks under its boot's name (`boots/<id>/report` …).
    case call(BootID, MachineCall.Kind)
    /// What is public of the machine that asks (`get/meta/hostname`, `nocloud/user-data` …).
    case metadata(MetadataItem)
    /// The iPXE script (`/boot.ipxe`, `/boot.ipxe/<mac>`, over TFTP also `autoexec.ipxe`).
    case ipxeScript(MACAddress?)
    /// GRUB's configuration (`/grub.cfg`, `grub/grub.cfg`, `grub/grub.cfg-01-<mac>`).
    case grubConfiguration(MACAddress?)
    /// `/healthz`.
    case health
}
