// The reference's /usr/bin/service, which acts by the name that it is called by: points 5 to 7 of ../README.md.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

func main() {
	var err error
	switch name := filepath.Base(os.Args[0]); {
	case strings.HasSuffix(name, "volumes"):
		err = mountVolumes("/containers/volumes")
	case strings.HasSuffix(name, "onboot"):
		err = runInOrder("/containers/onboot")
	case strings.HasSuffix(name, "containerd"):
		if err = startServices("/containers/services"); err == nil {
			announce()
		}
	default:
		err = fmt.Errorf("called by a name that means nothing: %s", name)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "service:", err)
		os.Exit(1)
	}
}

// announce prints what Muster's init does at this point: for the clock that watches the console. LinuxKit prints nothing.
func announce() {
	console, err := os.OpenFile("/dev/console", os.O_WRONLY, 0)
	if err != nil {
		return
	}
	defer console.Close()
	fmt.Fprintln(console, "MUSTER-UP reference")
}

// names of a directory in order; none when there is no such directory.
func names(directory string) ([]string, error) {
	entries, err := os.ReadDir(directory)
	if os.IsNotExist(err) {
		return nil, nil
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names, err
}

func mountVolumes(directory string) error {
	volumes, err := names(directory)
	if err != nil {
		return err
	}
	for _, name := range volumes {
		base := filepath.Join(directory, name)
		upper, work := filepath.Join(base, "tmp/upper"), filepath.Join(base, "tmp/work")
		if err := unix.Mount("tmpfs", filepath.Join(base, "tmp"), "tmpfs", 0, ""); err != nil {
			return err
		}
		for _, path := range []string{upper, work} {
			if err := os.MkdirAll(path, 0o755); err != nil {
				return err
			}
		}
		data := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", filepath.Join(base, "lower"), upper, work)
		if err := unix.Mount("overlay", filepath.Join(base, "merged"), "overlay", 0, data); err != nil {
			return err
		}
	}
	return nil
}
