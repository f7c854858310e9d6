package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/quell-ir/quell/internal/moto"
)

// TestMain makes the test binary the program too: scripts start it under the name quell.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"quell": main})
}

// TestScripts runs what needs no account. Every call to AWS would fail at once: nothing listens at its address.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", Cmds: commands(), RequireExplicitExec: true, RequireUniqueNames: true, Setup: sealed("http://127.0.0.1:1"),
	})
}

// TestWire runs what needs an account, against an emulator, one script after the other: they share it.
func TestWire(t *testing.T) {
	if testing.Short() {
		t.Skip("over the wire: not with -short")
	}
	server := moto.Start(t)
	seal := sealed(server.URL)
	testscript.RunT(serial{t}, testscript.Params{
		Dir: "testdata/wire", Cmds: commands(), RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			server.Reset(t)
			return seal(env)
		},
	})
}

// noNap keeps processes with a race detector from sleeping for a second before they end, as they do by default: scripts start
// hundreds. Source: go.dev/doc/articles/race_detector, GORACE.
const noNap = "atexit_sleep_ms=0"

// sealed gives a script a home and an account of its own, whatever the machine has configured.
func sealed(endpoint string) func(*testscript.Env) error {
	return func(env *testscript.Env) error {
		for name, value := range map[string]string{
			"AWS_ENDPOINT_URL": endpoint, "ENDPOINT": endpoint,
			"AWS_ACCESS_KEY_ID": moto.KeyID, "AWS_SECRET_ACCESS_KEY": moto.Secret, "AWS_REGION": "us-east-1",
			"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
			"AWS_MAX_ATTEMPTS": "1", "QUELL_HOME": filepath.Join(env.WorkDir, "home"), "QUELL_WAIT": "0",
			"QUELL_REGIONS": "us-east-1", "QUELL_OPERATOR": "ann", "HOME": env.WorkDir, "GORACE": noNap,
		} {
			env.Setenv(name, value)
		}
		return nil
	}
}

// serial runs scripts one after the other.
type serial struct{ *testing.T }

// Parallel does nothing: the scripts share one emulator.
func (s serial) Parallel() {}

// Run implements testscript.T.
func (s serial) Run(name string, f func(testscript.T)) {
	s.T.Run(name, func(t *testing.T) { f(serial{t}) })
}

// Verbose implements testscript.T.
func (s serial) Verbose() bool { return testing.Verbose() }

func commands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"exits": exits, "json": jsonAt, "keep": keepAt, "plain": plain, "same": same,
		"owner": owner, "intruder": intruder, "colleague": colleague, "account": account, "stock": stock,
		"proxy": proxy, "flip": flip, "forge": forge, "held": held, "pack": pack, "geofiles": geofiles, "refill": refill,
	}
}

// exits runs a command and wants that very status: `exits 4 quell respond ...`. What asked for JSON must have printed
// exactly one value.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if neg || err != nil || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND...")
	}
	got := 0
	var ended *exec.ExitError
	switch err := ts.Exec(args[1], args[2:]...); {
	case errors.As(err, &ended):
		got = ended.ExitCode()
	case err != nil:
		ts.Fatalf("run %s: %v", args[1], err)
	}
	if got != want {
		ts.Fatalf("status %d, want %d", got, want)
	}
	if asksJSON(args[2:]) {
		out := ts.ReadFile("stdout")
		if out == "" && got != 0 {
			return // an error before there was anything to say is on stderr alone
		}
		if _, err := oneValue(out); err != nil {
			ts.Fatalf("stdout is not one JSON value: %v", err)
		}
	}
}

func asksJSON(args []string) bool {
	if slices.Contains(args, "--json") {
		return true
	}
	at := slices.Index(args, "-o")
	return at >= 0 && at+1 < len(args) && (args[at+1] == "json" || args[at+1] == "ocsf")
}

// oneValue decodes text that holds one JSON value and nothing else.
func oneValue(text string) (any, error) {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the value")
	}
	return v, nil
}

// at walks a dotted path through what the last command printed: fields, indices, and ids of the things in a list; len is
// the length. It is false where the path ends nowhere.
func at(ts *testscript.TestScript, path string) (string, bool) {
	v, err := oneValue(ts.ReadFile("stdout"))
	if err != nil {
		ts.Fatalf("stdout is not one JSON value: %v", err)
	}
	for _, part := range strings.Split(path, ".") {
		var ok bool
		if v, ok = child(v, part); !ok {
			return "", false
		}
	}
	if s, ok := v.(string); ok {
		return s, true
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		ts.Fatalf("%v", err)
	}
	return strings.TrimSpace(text.String()), true
}

func child(v any, part string) (any, bool) {
	switch v := v.(type) {
	case map[string]any:
		if part == "len" {
			return len(v), true
		}
		c, ok := v[part]
		return c, ok
	case []any:
		if part == "len" {
			return len(v), true
		}
		if i, err := strconv.Atoi(part); err == nil {
			if i >= len(v) {
				return nil, false
			}
			return v[i], true
		}
		for _, item := range v {
			m, _ := item.(map[string]any)
			id, _ := m["id"].(string)
			// A step for each of several targets has the target's id behind its own.
			if id == part || strings.HasPrefix(id, part+".") {
				return item, true
			}
		}
	}
	return nil, false
}

// jsonAt holds a value of the last output against what is wanted: `json state waiting`; `! json PATH` where it must not
// be there or not be so; a value that starts with ~ is contained.
func jsonAt(ts *testscript.TestScript, neg bool, args []string) {
	got, ok := at(ts, args[0])
	match := ok
	if len(args) > 1 {
		want, part := strings.CutPrefix(args[1], "~")
		match = ok && (got == want || part && strings.Contains(got, want))
	}
	if match == neg {
		ts.Fatalf("%s is %q (there: %v), against %v%q", args[0], got, ok, map[bool]string{true: "not "}[neg], args[1:])
	}
}

// keepAt puts a value of the last output into the environment: `keep INCIDENT incident`.
func keepAt(ts *testscript.TestScript, _ bool, args []string) {
	got, ok := at(ts, args[1])
	if !ok || got == "" {
		ts.Fatalf("nothing at %s", args[1])
	}
	ts.Setenv(args[0], got)
}

// same compares two values kept: `same $A $B`.
func same(ts *testscript.TestScript, neg bool, args []string) {
	if (args[0] == args[1]) == neg {
		ts.Fatalf("%q and %q", args[0], args[1])
	}
}

// plain wants a file, or the last output, free of what a terminal would act on.
func plain(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		for i, r := range ts.ReadFile(name) {
			if r != '\n' && r != '\t' && (r < 0x20 || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069) {
				ts.Fatalf("%s has %U at byte %d", name, r, i)
			}
		}
	}
}
