package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// sizeBudget is what the whole product may weigh, stripped. An SDK client kept in an interface or a struct field makes
// the linker keep every method of it, and shows here.
const sizeBudget = 80_000_000

func TestSizeBudget(t *testing.T) {
	if testing.Short() {
		t.Skip("short: links the program")
	}
	path := filepath.Join(t.TempDir(), "quell")
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags", "-s -w", "-o", path, ".")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > sizeBudget {
		t.Errorf("the program has %d bytes, and the budget is %d", info.Size(), sizeBudget)
	}
}
