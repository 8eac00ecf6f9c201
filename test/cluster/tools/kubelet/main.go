// A kubelet's endpoint for exec and logs, with the kubelet's own streaming library. It runs a command as a process of this
// machine, with the environment that the pod's container has. A file says which pods there are; it is read again for each
// request:
//
//	{"listen": "127.0.0.1:1", "cert": FILE, "key": FILE, "pods": {"NAMESPACE/NAME": {"env": {"PATH": …}, "log": FILE}}}
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

type pod struct {
	Env map[string]string `json:"env"`
	Log string            `json:"log"`
}

type settings struct {
	Listen string         `json:"listen"`
	Cert   string         `json:"cert"`
	Key    string         `json:"key"`
	Pods   map[string]pod `json:"pods"`
}

func read(file string) (settings, error) {
	var found settings
	text, err := os.ReadFile(file)
	if err != nil {
		return found, err
	}
	return found, json.Unmarshal(text, &found)
}

// The command of one exec, in the place of one pod.
type executor struct{ pod pod }

func (e executor) ExecInContainer(
	ctx context.Context, _ string, _ string, _ string, command []string,
	in io.Reader, out, errOut io.WriteCloser, tty bool, _ <-chan remotecommand.TerminalSize, _ time.Duration,
) error {
	if tty {
		return errors.New("this kubelet has no terminals")
	}
	program, err := e.find(command[0])
	if err != nil {
		return utilexec.CodeExitError{Err: err, Code: 127}
	}
	run := exec.CommandContext(ctx, program, command[1:]...)
	run.Env = []string{}
	for name, value := range e.pod.Env {
		run.Env = append(run.Env, name+"="+value)
	}
	run.Stdin = in
	run.Stdout = out
	run.Stderr = errOut
	err = run.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return utilexec.CodeExitError{Err: err, Code: exit.ExitCode()}
	}
	return err
}

func (e executor) find(name string) (string, error) {
	for _, folder := range filepath.SplitList(e.pod.Env["PATH"]) {
		program := filepath.Join(folder, name)
		if info, err := os.Stat(program); err == nil && info.Mode()&0o111 != 0 {
			return program, nil
		}
	}
	return "", fmt.Errorf("exec: %q: executable file not found in $PATH", name)
}

func main() {
	file := os.Args[1]
	start, err := read(file)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	lookup := func(w http.ResponseWriter, r *http.Request) (pod, string, bool) {
		now, err := read(file)
		name := r.PathValue("namespace") + "/" + r.PathValue("name")
		found, ok := now.Pods[name]
		if err != nil || !ok {
			http.Error(w, "pod does not exist", http.StatusNotFound)
			return found, name, false
		}
		return found, name, true
	}
	http.HandleFunc("/exec/{namespace}/{name}/{container}", func(w http.ResponseWriter, r *http.Request) {
		found, name, ok := lookup(w, r)
		if !ok {
			return
		}
		options, err := remotecommand.NewOptions(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		command := r.URL.Query()["command"]
		remotecommand.ServeExec(w, r, executor{found}, name, "", r.PathValue("container"), command, options,
			time.Hour, 30*time.Second, remotecommand.SupportedStreamingProtocols)
	})
	http.HandleFunc("/containerLogs/{namespace}/{name}/{container}", func(w http.ResponseWriter, r *http.Request) {
		found, _, ok := lookup(w, r)
		if !ok {
			return
		}
		text, err := os.ReadFile(found.Log)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		lines := strings.SplitAfter(string(text), "\n")
		if tail, err := strconv.Atoi(r.URL.Query().Get("tailLines")); err == nil && tail+1 < len(lines) {
			lines = lines[len(lines)-1-tail:]
		}
		io.WriteString(w, strings.Join(lines, ""))
	})
	if err := http.ListenAndServeTLS(start.Listen, start.Cert, start.Key, nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
