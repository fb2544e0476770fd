// The reference's /init: point 1 of ../README.md.
//
// The kernel's initramfs cannot be pivoted away from (pivot_root(2)), and runc pivots in every container: so everything is
// copied into a tmpfs, which becomes the root, and given up file by file meanwhile.
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	stage = "/mnt"
	next  = "/sbin/init"
	// Bytes that are copied at once.
	piece = 32 << 10
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "init:", err)
		os.Exit(1)
	}
}

func run() error {
	unix.Umask(0)
	var root unix.Statfs_t
	if err := unix.Statfs("/", &root); err != nil {
		return fmt.Errorf("look at /: %w", err)
	}
	if root.Type == unix.RAMFS_MAGIC || root.Type == unix.TMPFS_MAGIC {
		if err := move(); err != nil {
			return err
		}
	}
	return unix.Exec(next, []string{next}, os.Environ())
}

func move() error {
	if err := os.MkdirAll(stage, 0o755); err != nil {
		return err
	}
	// Half of the memory, as tmpfs has it unless it is told otherwise.
	if err := unix.Mount("rootfs", stage, "tmpfs", 0, ""); err != nil {
		return fmt.Errorf("mount a tmpfs on %s: %w", stage, err)
	}
	device, err := deviceOf("/")
	if err != nil {
		return err
	}
	if err := walk(device, true); err != nil {
		return err
	}
	if err := walk(device, false); err != nil {
		return err
	}
	if err := os.Chdir(stage); err != nil {
		return err
	}
	if err := unix.Mount(".", "/", "", unix.MS_MOVE, ""); err != nil {
		return fmt.Errorf("move %s to /: %w", stage, err)
	}
	if err := unix.Chroot("."); err != nil {
		return err
	}
	return os.Chdir("/")
}

func deviceOf(path string) (uint64, error) {
	var status unix.Stat_t
	err := unix.Lstat(path, &status)
	return status.Dev, err
}

// walk goes through the initramfs twice: all directories first, then all else.
func walk(device uint64, isForDirectories bool) error {
	return filepath.Walk("/", func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		status := info.Sys().(*syscall.Stat_t)
		if status.Dev != device {
			return filepath.SkipDir
		}
		if info.IsDir() != isForDirectories || path == "/" {
			return nil
		}
		if err := copyOne(path, stage+path, info.Mode(), status); err != nil {
			return fmt.Errorf("copy %s: %w", path, err)
		}
		if isForDirectories {
			return nil
		}
		return os.Remove(path)
	})
}

// copyOne keeps mode, owner and times. Links to the same file become files of their own, and attributes are left behind.
func copyOne(from, to string, mode os.FileMode, status *syscall.Stat_t) error {
	switch {
	case mode.IsDir():
		if err := os.Mkdir(to, 0o755); err != nil && !os.IsExist(err) {
			return err
		}
	case mode.IsRegular():
		if err := copyFile(from, to); err != nil {
			return err
		}
	case mode&os.ModeSymlink != 0:
		target, err := os.Readlink(from)
		if err != nil {
			return err
		}
		if err := os.Symlink(target, to); err != nil {
			return err
		}
		return os.Lchown(to, int(status.Uid), int(status.Gid))
	case mode&(os.ModeDevice|os.ModeNamedPipe) != 0:
		if err := unix.Mknod(to, status.Mode, int(status.Rdev)); err != nil {
			return err
		}
	default:
		return fmt.Errorf("neither file, directory, link, device nor pipe")
	}
	if err := os.Lchown(to, int(status.Uid), int(status.Gid)); err != nil {
		return err
	}
	if err := unix.Chmod(to, status.Mode&0o7777); err != nil {
		return err
	}
	times := []unix.Timespec{unix.Timespec(status.Atim), unix.Timespec(status.Mtim)}
	return unix.UtimesNanoAt(unix.AT_FDCWD, to, times, unix.AT_SYMLINK_NOFOLLOW)
}

func copyFile(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	// Both hidden behind plain interfaces: copied through the buffer and by no other way.
	_, err = io.CopyBuffer(struct{ io.Writer }{target}, struct{ io.Reader }{source}, make([]byte, piece))
	if closing := target.Close(); err == nil {
		err = closing
	}
	return err
}
