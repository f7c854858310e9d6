package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quell-ir/quell/internal/moto"
)

// mountSmall makes a file system of a few kilobytes, or skips where this user may not.
func mountSmall(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "quell-test", dir).CombinedOutput(); err != nil {
		t.Skipf("no small file system can be mounted here: %v: %s", err, strings.TrimSpace(string(out)))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	return dir
}

func remount(t *testing.T, dir, options string) {
	t.Helper()
	if out, err := exec.Command("mount", "-o", "remount,"+options, dir).CombinedOutput(); err != nil {
		t.Fatalf("remount: %v: %s", err, out)
	}
}

// On a full disk nothing is sent that could not be recorded; with room again the response goes on where it stopped.
func TestFullDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("over the wire: not with -short")
	}
	server := moto.Start(t)
	key := seedUser(t, server)
	dir := mountSmall(t, "160k")
	p := program{server.URL, filepath.Join(dir, "home")}
	_, stderr := p.run(t, 1, "respond", key, "--apply", "--json")
	if !strings.Contains(stderr, "disk") && !strings.Contains(stderr, "space") {
		t.Errorf("a full disk is called: %s", stderr)
	}
	remount(t, dir, "size=64m")
	p.run(t, 0, "respond", key, "--apply", "--json")
	p.checkEnd(t, server, key)
}

// A home that cannot be written is named, with what to do.
func TestReadOnlyHome(t *testing.T) {
	dir := mountSmall(t, "16m")
	p := program{"http://127.0.0.1:1", filepath.Join(dir, "home")}
	p.run(t, 0, "incident", "list")
	remount(t, dir, "ro")
	_, stderr := p.run(t, 1, "incident", "list")
	if !strings.Contains(stderr, p.home) {
		t.Errorf("the home is not named: %s", stderr)
	}
	p.home = filepath.Join(dir, "another")
	_, stderr = p.run(t, 1, "incident", "list")
	if !strings.Contains(stderr, "name another with --home") {
		t.Errorf("nothing to do is said: %s", stderr)
	}
}
