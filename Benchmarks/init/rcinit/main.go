// The reference's /bin/rc.init, started by busybox's init: points 3 and 4 of ../README.md.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

func main() {
	mountAll()
	findDevices()
	run("/sbin/hwclock", "--hctosys", "--utc")
	if link, err := netlink.LinkByName("lo"); err == nil {
		report(netlink.LinkSetUp(link), "bring lo up")
	}
	raiseLimits()
	setHostname()
	makeResolverFile()
	runScripts("/etc/init.d")
}

// report says what went wrong; the boot goes on.
func report(err error, attempt string) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "rc.init: cannot %s: %v\n", attempt, err)
	}
}

func run(program string, arguments ...string) {
	command := exec.Command(program, arguments...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	report(command.Run(), "run "+program)
}

const nothing = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC

func mount(kind, target string, flags uintptr, data string) {
	report(unix.Mount(kind, target, kind, flags, data), "mount "+kind+" on "+target)
}

func mountAll() {
	unix.Umask(0)
	mount("proc", "/proc", nothing|unix.MS_RELATIME, "")
	report(unix.Mount("", "/", "", unix.MS_REMOUNT|unix.MS_RDONLY, ""), "seal /")
	mount("tmpfs", "/run", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_RELATIME, "size=10%,mode=755")
	mount("tmpfs", "/tmp", nothing|unix.MS_RELATIME, "size=10%,mode=1777")
	mount("tmpfs", "/var", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_RELATIME, "size=50%,mode=755")
	for _, name := range []string{"cache", "empty", "lib", "local", "lock", "log", "opt", "spool", "tmp"} {
		report(os.MkdirAll("/var/"+name, 0o755), "make /var/"+name)
	}
	report(unix.Chmod("/var/tmp", 0o1777), "open /var/tmp")
	report(os.Symlink("/run", "/var/run"), "link /var/run")

	mount("devtmpfs", "/dev", unix.MS_NOSUID|unix.MS_NOEXEC|unix.MS_RELATIME, "size=10m,nr_inodes=248418,mode=755")
	makeDevices()
	for _, name := range []string{"mqueue", "shm", "pts"} {
		report(os.MkdirAll("/dev/"+name, 0o755), "make /dev/"+name)
	}
	mount("mqueue", "/dev/mqueue", nothing, "")
	mount("tmpfs", "/dev/shm", nothing, "mode=1777")
	mount("devpts", "/dev/pts", unix.MS_NOSUID|unix.MS_NOEXEC, "gid=5,mode=0620")

	mount("sysfs", "/sys", nothing, "")
	// Not every kernel has all of them.
	for _, each := range [][2]string{
		{"securityfs", "/sys/kernel/security"}, {"debugfs", "/sys/kernel/debug"}, {"configfs", "/sys/kernel/config"},
		{"fusectl", "/sys/fs/fuse/connections"}, {"selinuxfs", "/sys/fs/selinux"}, {"pstore", "/sys/fs/pstore"},
		{"bpf", "/sys/fs/bpf"}, {"efivarfs", "/sys/firmware/efi/efivars"}, {"binfmt_misc", "/proc/sys/fs/binfmt_misc"},
	} {
		_ = unix.Mount(each[0], each[1], each[0], nothing, "")
	}
	mount("cgroup2", "/sys/fs/cgroup", nothing|unix.MS_RELATIME, "")
	report(unix.Mount("", "/", "", unix.MS_SHARED|unix.MS_REC, ""), "share /")
}

func makeDevices() {
	for _, device := range []struct {
		name         string
		mode         uint32
		major, minor uint32
	}{
		{"console", 0o600, 5, 1}, {"tty1", 0o620, 4, 1}, {"tty", 0o666, 5, 0}, {"null", 0o666, 1, 3}, {"kmsg", 0o660, 1, 11},
	} {
		// The kernel makes most of them by itself.
		_ = unix.Mknod("/dev/"+device.name, unix.S_IFCHR|device.mode, int(unix.Mkdev(device.major, device.minor)))
	}
	for name, target := range map[string]string{
		"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2",
	} {
		report(os.Symlink(target, "/dev/"+name), "link /dev/"+name)
	}
}

func findDevices() {
	// Not every kernel starts a helper.
	_ = os.WriteFile("/proc/sys/kernel/hotplug", []byte("/sbin/mdev"), 0o644)
	run("/sbin/mdev", "-s")
	// mdev sees what comes; who is there already is looked for. Debian's kernel starts no helper: whoever comes because of
	// a module that was loaded just now is found in the next round.
	known := map[string]bool{}
	for loadModules(known) {
	}
}

// loadModules starts a process for each device that is not known yet, and says whether there was any.
func loadModules(known map[string]bool) bool {
	before := len(known)
	_ = filepath.Walk("/sys/devices", func(path string, info os.FileInfo, err error) error {
		if err != nil || filepath.Base(path) != "modalias" || known[path] {
			return nil
		}
		known[path] = true
		alias, err := os.ReadFile(path)
		if err != nil || len(alias) == 0 {
			return nil
		}
		// That no module is for a device is no news.
		_ = exec.Command("/sbin/modprobe", "-abq", strings.TrimSpace(string(alias))).Run()
		return nil
	})
	return len(known) > before
}

func raiseLimits() {
	files := unix.Rlimit{Cur: 1048576, Max: 1048576}
	report(unix.Setrlimit(unix.RLIMIT_NOFILE, &files), "raise the limit of open files")
	processes := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
	report(unix.Setrlimit(unix.RLIMIT_NPROC, &processes), "raise the limit of processes")
}

func setHostname() {
	name := ""
	if text, err := os.ReadFile("/etc/hostname"); err == nil {
		name = strings.TrimSpace(string(text))
	}
	if name == "" {
		mac, err := os.ReadFile("/sys/class/net/eth0/address")
		if err != nil {
			return
		}
		name = "linuxkit-" + strings.ReplaceAll(strings.TrimSpace(string(mac)), ":", "")
	}
	report(unix.Sethostname([]byte(name)), "name the machine")
}

func makeResolverFile() {
	target, err := os.Readlink("/etc/resolv.conf")
	if err != nil {
		return
	}
	report(os.MkdirAll(filepath.Dir(target), 0o755), "make "+filepath.Dir(target))
	report(os.WriteFile(target, nil, 0o644), "make "+target)
}

// runScripts starts every file of the directory in the order of their names and waits for each.
func runScripts(directory string) {
	entries, err := os.ReadDir(directory)
	report(err, "read "+directory)
	for _, entry := range entries {
		path := filepath.Join(directory, entry.Name())
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			run(path)
		}
	}
}
