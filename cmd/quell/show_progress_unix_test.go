//go:build unix

package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/hunt"
	"github.com/quell-ir/quell/source"
)

// onTerminal runs the real program with its stderr on a terminal of some columns. It writes to stdin, waits until the terminal
// shows want, and only then ends the input. It answers all that the terminal got.
func onTerminal(t *testing.T, columns uint16, want string, args ...string) (screen *terminal, stdout string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "quell")
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	master, slave, err := pty.Open()
	if err != nil {
		t.Skipf("no terminal can be made here: %v", err)
	}
	defer master.Close()
	if err := pty.Setsize(slave, &pty.Winsize{Rows: 24, Cols: columns}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stdout, cmd.Stderr = &out, slave
	cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "TERM=xterm", "GORACE=" + noNap}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	// Progress has to be shown while the input goes on: it is not ended before that was seen.
	if _, err := io.WriteString(in, ordinary(600)+good("g")+"\n"); err != nil {
		t.Fatal(err)
	}
	screen = &terminal{}
	buffer := make([]byte, 4096)
	end := func() {
		if err := in.Close(); err != nil {
			t.Error(err)
		}
	}
	for shown := false; ; {
		n, err := master.Read(buffer)
		screen.Write(buffer[:n])
		if !shown && strings.Contains(screen.wrote.String(), want) {
			shown = true
			end()
		}
		if err != nil {
			break // the program has closed its side
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, screen.wrote.String())
	}
	return screen, out.String()
}

func TestProgressOnATerminal(t *testing.T) {
	for _, columns := range []uint16{40, 120} {
		screen, out := onTerminal(t, columns, " kB", "hunt", "-")
		if got := strings.Join(screen.lines, "|"); strings.TrimRight(got, "|") != "" || screen.failed != "" {
			t.Errorf("%d columns: the screen still shows %q; %s", columns, got, screen.failed)
		}
		for _, line := range strings.Split(screen.wrote.String(), wipe) {
			if len(line) >= int(columns) {
				t.Errorf("%d columns: %q would wrap", columns, line)
			}
		}
		if strings.Contains(screen.wrote.String(), "left") {
			t.Error("a time left was made up for a pipe")
		}
		if !strings.Contains(out, "601 events in 1 files read") {
			t.Errorf("stdout %q", out)
		}
	}
}

// TestProgressKeepsSilent holds who is shown progress: nobody but a person at a terminal that can draw.
func TestProgressKeepsSilent(t *testing.T) {
	master, slave, err := pty.Open()
	if err != nil {
		t.Skipf("no terminal can be made here: %v", err)
	}
	defer master.Close()
	defer slave.Close()
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for name, test := range map[string]struct {
		stderr io.Writer
		term   string
		set    func(*HuntCmd, *Main)
		want   bool
	}{
		"a terminal":        {slave, "xterm", func(*HuntCmd, *Main) {}, true},
		"no name for it":    {slave, "", func(*HuntCmd, *Main) {}, true},
		"a dumb one":        {slave, "dumb", func(*HuntCmd, *Main) {}, false},
		"a file":            {file, "xterm", func(*HuntCmd, *Main) {}, false},
		"a pipe":            {new(bytes.Buffer), "xterm", func(*HuntCmd, *Main) {}, false},
		"--json":            {slave, "xterm", func(_ *HuntCmd, m *Main) { m.cli.JSON = true }, false},
		"--verbose":         {slave, "xterm", func(_ *HuntCmd, m *Main) { m.cli.Verbose = true }, false},
		"--follow":          {slave, "xterm", func(c *HuntCmd, _ *Main) { c.Follow = true }, false},
		"-o json to a file": {slave, "xterm", func(c *HuntCmd, _ *Main) { c.Output = "json" }, true},
	} {
		c, m := &HuntCmd{}, &Main{Stderr: test.stderr, Getenv: func(string) string { return test.term }, Clock: quell.WallClock{}}
		test.set(c, m)
		if _, got := c.screen(m); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
		var o source.Options
		c.watchReading(m, &hunt.Hunter{}, &o)()
		if (o.Progress != nil) != test.want || m.Stderr != test.stderr {
			t.Errorf("%s: what there is to read is counted: %v, want %v", name, o.Progress != nil, test.want)
		}
	}
}
