/// The files of `boot/templates` as they are: a test compares them byte for byte.
enum BuiltInTemplate {
    static func text(_ kind: ScriptKind, _ dialect: BootRequest.Dialect) -> String {
        switch (kind, dialect) {
        case (.boot, .ipxe): bootIPXE
        case (.pause, .ipxe): pauseIPXE
        case (.start, .ipxe): startIPXE
        case (.boot, .grub): bootGRUB
        case (.pause, .grub): pauseGRUB
        case (.start, .grub): startGRUB
        }
    }

    /// The first line with a placeholder, as it should stand in other templates too; empty when there is none.
    static func line(
        with name: ScriptPlaceholder,
        of kind: ScriptKind,
        _ dialect: BootRequest.Dialect
    ) -> String {
        let lines = text(kind, dialect).utf8.split(separator: UInt8(ascii: "\n")).map { String(Substring($0)) }
        return lines.first { $0.contains("{{\(name.rawValue)}}") && !$0.hasPrefix("#") } ?? ""
    }

    private static let bootIPXE = #"""
        #!ipxe
        # Boots {{machine}} as {{boot}} onto {{image}}
        # What an earlier try has left would be given to the kernel as well.
        imgfree
        kernel {{kernel}} {{arguments}} || goto failed
        initrd --name initrd {{initrd}} || goto failed
        initrd --name segment {{segment}} || goto failed
        boot ||

        :failed
        echo Muster: {{machine}} could not load its image, next try in 10 s
        :again
        sleep 10 ||
        chain --replace --autofree {{again}} || goto again

        """#

    private static let bootGRUB = #"""
        # Boots {{machine}} as {{boot}} onto {{image}}
        set ready=yes
        if linux {{kernel}} {{arguments}} ; then true; else set ready=no; fi
        if [ $ready = yes ]; then if initrd {{initrd}} ; then true; else set ready=no; fi; fi
        if [ $ready = yes ]; then boot; fi

        echo Muster: {{machine}} could not load its image, next try in 10 s
        sleep 10
        # Only the outermost configuration asks again in a loop, so that the stack stays flat.
        if [ "$muster_asks" != yes ]; then
            set muster_asks=yes
            export muster_asks
            while true; do configfile {{again}} ; sleep 1; done
        fi

        """#

    private static let pauseIPXE = #"""
        #!ipxe
        # Shows why there is nothing to boot yet, and asks again.
        echo
        echo Muster  ${netX/mac}
        echo -- {{line}}
        :again
        sleep {{seconds}} ||
        chain --replace --autofree {{again}} || goto again

        """#

    private static let pauseGRUB = #"""
        # Shows why there is nothing to boot yet, and asks again.
        echo
        echo "Muster  $net_default_mac"
        echo "  " {{line}}
        sleep {{seconds}}
        # Only the outermost configuration asks again in a loop, so that the stack stays flat.
        if [ "$muster_asks" != yes ]; then
            set muster_asks=yes
            export muster_asks
            while true; do configfile {{again}} ; sleep 1; done
        fi

        """#

    private static let startIPXE = #"""
        #!ipxe
        # Asks for this machine's own script, saying who it is.
        :start
        chain --replace --autofree {{again}} || goto failed
        :failed
        echo Muster: no answer, next try in 5 s
        sleep 5 ||
        goto start

        """#

    private static let startGRUB = #"""
        # Asks for this machine's own configuration, saying who it is.
        set muster_asks=yes
        export muster_asks
        while true; do
            configfile {{again}}
            sleep 1
        done

        """#
}
