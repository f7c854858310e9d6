package moto

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Environment names the moto_server to start.
const Environment = "QUELL_TEST_MOTO"

// startTime is how long an emulator may take to its first answer; importing its services takes seconds on a busy machine.
const startTime = 60 * time.Second

// Server is a running emulator.
type Server struct {
	// URL is what AWS_ENDPOINT_URL takes.
	URL string
	// Account is the account that the emulator plays.
	Account string
	// lifeline is held open as long as the emulator shall live; the collector closes what nothing holds.
	lifeline io.Closer
}

// account is moto's default. Source: moto documentation, "Multi-Account support".
const account = "123456789012"

// shared is the one process of this test binary. Emulators cost seconds to start, and a test that empties one before it
// begins needs no other.
var shared = sync.OnceValues(func() (*Server, error) {
	path, err := find()
	if err != nil {
		return nil, err
	}
	return launch(path)
})

// errMissing says that no emulator is installed.
var errMissing = errors.New("moto is not installed: run make test")

// Start returns the running emulator of this test binary, emptied. Tests that use it must not run in parallel. Without one
// installed the test is skipped; one that is installed and does not start is a failure.
func Start(t testing.TB) *Server {
	t.Helper()
	s, err := shared()
	switch {
	case errors.Is(err, errMissing):
		t.Skip(err)
	case err != nil:
		t.Fatal(err)
	}
	s.Reset(t)
	return s
}

// find looks for moto_server where the environment says, then where `make test` installs it.
func find() (string, error) {
	if path := os.Getenv(Environment); path != "" {
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("%s names no moto_server: %w", Environment, err)
		}
		return path, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("look for moto: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			path := filepath.Join(dir, ".tools", "moto", "bin", "moto_server")
			if _, err := os.Stat(path); err == nil {
				return path, nil
			}
			return "", errMissing
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errMissing
		}
		dir = parent
	}
}

// launch starts a process that lives no longer than this one, and waits for its first answer.
func launch(path string) (*Server, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	// The shell ends moto when its input ends, which is when this process does, by whatever end: a test binary has no hook
	// that runs after a panic or a time-out.
	const guard = `"$0" "$@" </dev/null & moto=$!; cat >/dev/null; kill $moto; wait $moto`
	cmd := exec.Command("/bin/sh", "-c", guard, path, "-H", "127.0.0.1", "-p", fmt.Sprint(port))
	cmd.Env = append(os.Environ(), "MOTO_IAM_LOAD_MANAGED_POLICIES=true")
	lifeline, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start moto: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start moto: %w", err)
	}
	s := &Server{URL: fmt.Sprintf("http://127.0.0.1:%d", port), Account: account, lifeline: lifeline}
	client := &http.Client{Timeout: 2 * time.Second}
	for deadline := time.Now().Add(startTime); ; {
		res, err := client.Get(s.URL + "/moto-api/data.json")
		if err == nil {
			return s, res.Body.Close()
		}
		if time.Now().After(deadline) {
			return nil, errors.Join(fmt.Errorf("moto did not answer at %s within %s: %w", s.URL, startTime, err), lifeline.Close())
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// freePort asks the system for a port that nobody has. Another process may take it before moto does; moto then does not
// start, and the test says so.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port for moto: %w", err)
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
