package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	runc = "/usr/bin/runc"
	logs = "/run/log/onboot"
)

// runInOrder runs the containers of a directory one after the other; one that fails keeps none of the others from running.
func runInOrder(directory string) error {
	containers, err := names(directory)
	if err != nil || len(containers) == 0 {
		return err
	}
	// Containers whose starter has ended are this program's to wait for.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return err
	}
	if err := os.MkdirAll(logs, 0o755); err != nil {
		return err
	}
	if err := os.MkdirAll("/var/log", 0o755); err != nil {
		return err
	}
	if err := os.Symlink(logs, "/var/log/onboot"); err != nil && !os.IsExist(err) {
		return err
	}
	for _, name := range containers {
		status, err := runOnce(filepath.Join(directory, name), name)
		if err != nil {
			fmt.Fprintf(os.Stderr, "service: %s: %v\n", name, err)
		} else if status != 0 {
			fmt.Fprintf(os.Stderr, "service: %s ended with status %d\n", name, status)
		}
	}
	return nil
}

func runOnce(bundle, name string) (int, error) {
	wanted, err := prepare(bundle)
	if err != nil {
		return 0, err
	}
	defer unix.Unmount(filepath.Join(bundle, "rootfs"), unix.MNT_DETACH)
	output, err := os.Create(filepath.Join(logs, name+".out.log"))
	if err != nil {
		return 0, err
	}
	defer output.Close()
	errors, err := os.Create(filepath.Join(logs, name+".log"))
	if err != nil {
		return 0, err
	}
	defer errors.Close()
	file := filepath.Join("/run", name+".pid")
	create := exec.Command(runc, "create", "--bundle", bundle, "--pid-file", file, name)
	create.Stdout, create.Stderr = output, errors
	if err := create.Run(); err != nil {
		return 0, fmt.Errorf("runc create: %w", err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	process, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, err
	}
	if err := wanted.connect(process); err != nil {
		return 0, err
	}
	start := exec.Command(runc, "start", name)
	start.Stdout, start.Stderr = output, errors
	if err := start.Run(); err != nil {
		return 0, fmt.Errorf("runc start: %w", err)
	}
	var status unix.WaitStatus
	for {
		_, err := unix.Wait4(process, &status, 0, nil)
		if err == nil {
			break
		}
		if err != unix.EINTR {
			return 0, err
		}
	}
	print(output)
	print(errors)
	return status.ExitStatus(), nil
}

// print puts what a container wrote onto the console.
func print(file *os.File) {
	if _, err := file.Seek(0, io.SeekStart); err == nil {
		_, _ = io.Copy(os.Stdout, file)
	}
}
