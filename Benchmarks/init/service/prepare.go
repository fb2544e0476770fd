package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// actions are what runtime.json asks for around a container's start.
type actions struct {
	Cgroups    []string          `json:"cgroups"`
	Mounts     []specs.Mount     `json:"mounts"`
	Mkdir      []string          `json:"mkdir"`
	Interfaces []json.RawMessage `json:"interfaces"`
	BindNS     map[string]string `json:"bindNS"`
	Namespace  string            `json:"namespace"`
}

func readActions(bundle string) (actions, error) {
	var result actions
	text, err := os.ReadFile(filepath.Join(bundle, "runtime.json"))
	if os.IsNotExist(err) {
		return result, nil
	}
	if err != nil {
		return result, err
	}
	if err := json.Unmarshal(text, &result); err != nil {
		return result, err
	}
	if len(result.Interfaces) > 0 {
		return result, fmt.Errorf("%s: the measured tree gives no network links to containers", bundle)
	}
	return result, nil
}

// prepare does what comes before a container is made: mounts, directories, control groups.
func prepare(bundle string) (actions, error) {
	wanted, err := readActions(bundle)
	if err != nil {
		return wanted, err
	}
	root := filepath.Join(bundle, "rootfs")
	absolute := func(path string) string {
		if filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(root, path)
	}
	for _, mount := range wanted.Mounts {
		if err := mountOne(mount, absolute(mount.Destination)); err != nil {
			return wanted, err
		}
	}
	for _, path := range wanted.Mkdir {
		if err := os.MkdirAll(absolute(path), 0o755); err != nil {
			return wanted, err
		}
	}
	for _, group := range wanted.Cgroups {
		if err := os.MkdirAll(filepath.Join("/sys/fs/cgroup", group), 0o755); err != nil {
			return wanted, err
		}
	}
	return wanted, nil
}

func mountOne(mount specs.Mount, target string) error {
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	var flags, propagation uintptr
	var data []string
	for _, option := range mount.Options {
		if flag, ok := flagOf[option]; ok {
			flags |= flag
		} else if kind, ok := propagationOf[option]; ok {
			propagation |= kind
		} else {
			data = append(data, option)
			name, path, _ := strings.Cut(option, "=")
			if name == "upperdir" || name == "workdir" {
				if err := os.MkdirAll(path, 0o755); err != nil {
					return err
				}
			}
		}
	}
	if flags != 0 || propagation == 0 || mount.Type != "" {
		if err := unix.Mount(mount.Source, target, mount.Type, flags, strings.Join(data, ",")); err != nil {
			return fmt.Errorf("mount %s on %s: %w", mount.Source, target, err)
		}
	}
	if propagation != 0 {
		return unix.Mount("", target, "", propagation, "")
	}
	return nil
}

var flagOf = map[string]uintptr{
	"bind": unix.MS_BIND, "rbind": unix.MS_BIND | unix.MS_REC, "remount": unix.MS_REMOUNT, "ro": unix.MS_RDONLY,
	"nosuid": unix.MS_NOSUID, "nodev": unix.MS_NODEV, "noexec": unix.MS_NOEXEC, "noatime": unix.MS_NOATIME,
	"relatime": unix.MS_RELATIME, "strictatime": unix.MS_STRICTATIME, "rw": 0, "defaults": 0,
}

var propagationOf = map[string]uintptr{
	"private": unix.MS_PRIVATE, "rprivate": unix.MS_PRIVATE | unix.MS_REC,
	"shared": unix.MS_SHARED, "rshared": unix.MS_SHARED | unix.MS_REC,
	"slave": unix.MS_SLAVE, "rslave": unix.MS_SLAVE | unix.MS_REC,
	"unbindable": unix.MS_UNBINDABLE, "runbindable": unix.MS_UNBINDABLE | unix.MS_REC,
}

// connect gives names to the namespaces of a container that was made and has not begun.
func (wanted actions) connect(process int) error {
	for kind, path := range wanted.BindNS {
		if path == "" {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		file, err := os.Create(path)
		if err != nil {
			return err
		}
		file.Close()
		if err := unix.Mount(fmt.Sprintf("/proc/%d/ns/%s", process, kind), path, "", unix.MS_BIND, ""); err != nil {
			return err
		}
	}
	return nil
}
