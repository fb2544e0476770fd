package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/containerd/containerd"
	"github.com/containerd/containerd/cio"
	"github.com/containerd/containerd/namespaces"
	"github.com/opencontainers/runtime-spec/specs-go"
	"github.com/pelletier/go-toml"
)

const (
	daemon           = "/usr/bin/containerd"
	socket           = "/run/containerd/containerd.sock"
	poll             = 100 * time.Millisecond
	defaultNamespace = "services.linuxkit"
)

// startServices starts containerd, and under it every container of the directory in the order of their names. None is
// waited for, and none is started again.
func startServices(directory string) error {
	client, err := startDaemon()
	if err != nil {
		return err
	}
	defer client.Close()
	background := namespaces.WithNamespace(context.Background(), defaultNamespace)
	if err := deleteStale(background, client); err != nil {
		return err
	}
	services, err := names(directory)
	if err != nil {
		return err
	}
	for _, name := range services {
		if err := start(client, filepath.Join(directory, name), name); err != nil {
			fmt.Fprintf(os.Stderr, "service: %s: %v\n", name, err)
		}
	}
	return nil
}

// startDaemon starts containerd with what its runtime-config.toml asks for, and waits until it listens.
func startDaemon() (*containerd.Client, error) {
	var configuration struct {
		Options string `toml:"cliopts"`
	}
	if text, err := os.ReadFile("/etc/containerd/runtime-config.toml"); err == nil {
		if err := toml.Unmarshal(text, &configuration); err != nil {
			return nil, err
		}
	}
	command := exec.Command(daemon)
	if configuration.Options != "" {
		command = exec.Command("/bin/sh", "-c", "exec "+daemon+" "+configuration.Options)
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	if err := command.Process.Release(); err != nil {
		return nil, err
	}
	for {
		if _, err := os.Stat(socket); err == nil {
			return containerd.New(socket)
		}
		time.Sleep(poll)
	}
}

func deleteStale(ctx context.Context, client *containerd.Client) error {
	containers, err := client.Containers(ctx)
	if err != nil {
		return err
	}
	for _, container := range containers {
		if task, err := container.Task(ctx, nil); err == nil {
			if _, err := task.Delete(ctx, containerd.WithProcessKill); err != nil {
				return err
			}
		}
		if err := container.Delete(ctx); err != nil {
			return err
		}
	}
	return nil
}

func start(client *containerd.Client, bundle, name string) error {
	wanted, err := prepare(bundle)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(bundle, "config.json"))
	if err != nil {
		return err
	}
	var specification specs.Spec
	if err := json.Unmarshal(text, &specification); err != nil {
		return err
	}
	specification.Root.Path = filepath.Join(bundle, specification.Root.Path)
	namespace := wanted.Namespace
	if namespace == "" {
		namespace = defaultNamespace
	}
	ctx := namespaces.WithNamespace(context.Background(), namespace)
	container, err := client.NewContainer(ctx, name, containerd.WithSpec(&specification))
	if err != nil {
		return err
	}
	task, err := container.NewTask(ctx, cio.LogFile("/var/log/"+name+".log"))
	if err != nil {
		return err
	}
	if err := wanted.connect(int(task.Pid())); err != nil {
		return err
	}
	return task.Start(ctx)
}
