//go:build unix

package source

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestFilesPipes(t *testing.T) {
	root := tree(t, map[string]string{"a.json": "{}"})
	pipe := filepath.Join(root, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skipf("no pipes here: %v", err)
	}
	if err := os.Symlink(pipe, filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	// Met in a folder, a pipe that nobody writes to must not hold everything up.
	texts, skipped, _ := readAll(t, root, []string{root}, Options{})
	if len(texts) != 1 || !strings.HasPrefix(skipped["pipe"], "not a regular file") || skipped["link"] == "" {
		t.Errorf("read %v, skipped %v", texts, skipped)
	}
	// Named by a person it is read, as a shell's <(zcat ...) is.
	written := make(chan error, 1)
	go func() { written <- os.WriteFile(pipe, []byte("[7]"), 0) }()
	texts, _, _ = readAll(t, root, []string{pipe}, Options{})
	if err := <-written; err != nil || texts["pipe"] != "json [7]" {
		t.Errorf("read %v, %v", texts, err)
	}
}
