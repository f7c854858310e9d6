package deptest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/quell-ir/quell"

const sdk = "github.com/aws/aws-sdk-go-v2"

// unit is one package of the module, its path without the module's.
type unit struct {
	path    string
	dir     string
	name    string
	doc     string
	files   []string
	imports []string
	deps    []string
}

// list reads the module's packages. A package that does not build at the moment is listed all the same.
func list(t *testing.T) []unit {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Dir,Name,Doc,GoFiles,Imports,Deps", "./...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var units []unit
	dec := json.NewDecoder(bytes.NewReader(out))
	for {
		var p struct {
			ImportPath, Dir, Name, Doc string
			GoFiles, Imports, Deps     []string
		}
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(p.GoFiles) == 0 {
			continue // tests only
		}
		path := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		units = append(units, unit{path, p.Dir, p.Name, p.Doc, p.GoFiles, p.Imports, p.Deps})
	}
	if len(units) < 20 {
		t.Fatalf("only %d packages were listed", len(units))
	}
	return units
}

// top is the first folder of a path below the module; "" for the root package.
func top(path string) string {
	first, _, _ := strings.Cut(path, "/")
	return first
}

// local is the path below the module of an import; ok is false for others' packages.
func local(importPath string) (path string, ok bool) {
	if importPath == module {
		return "", true
	}
	return strings.CutPrefix(importPath, module+"/")
}

// pure are the stages that a reader can follow without knowing AWS, a file system or a network: they take data and an
// injected clock.
var pure = []string{"", "detect", "incident", "plan", "approve", "ledger", "review"}

func TestPureStagesReachNothing(t *testing.T) {
	for _, u := range list(t) {
		if !slices.Contains(pure, top(u.path)) {
			continue
		}
		for _, banned := range []string{"net/http", "os"} {
			if slices.Contains(u.imports, banned) {
				t.Errorf("%s imports %s: it takes data, let its caller read and write", name(u), banned)
			}
		}
		for _, dep := range u.deps {
			if strings.HasPrefix(dep, sdk) {
				t.Errorf("%s depends on %s: only those that talk to AWS may", name(u), dep)
				break
			}
		}
	}
}

func name(u unit) string {
	if u.path == "" {
		return "the root package"
	}
	return u.path
}

// speaksAWS are the folders whose own files may import the SDK, each with its reason.
var speaksAWS = map[string]string{
	"action":   "a Look takes an aws.Config",
	"actions":  "each action names SDK operations",
	"call":     "turns SDK operations into data",
	"act":      "sends calls",
	"source":   "reads CloudTrail, S3, SQS",
	"assess":   "reads an account's settings",
	"evidence": "writes artefacts to S3",
	"sandbox":  "answers the SDK's clients",
	"notify":   "writes to SNS",
	"deploy":   "plans and applies the AWS side",
	"respond":  "builds the credentials that act sends with",
	"simulate": "its intruder uses SDK clients in the sandbox",
	"cmd":      "loads the user's AWS configuration",
	"bench":    "measures what the others do",
	"internal": "generators read the catalogue of actions",
}

func TestOnlySomeSpeakAWS(t *testing.T) {
	for _, u := range list(t) {
		for _, imported := range u.imports {
			if !strings.HasPrefix(imported, sdk) && !strings.HasPrefix(imported, "github.com/aws/smithy-go") {
				continue
			}
			if _, ok := speaksAWS[top(u.path)]; !ok {
				t.Errorf("%s imports %s; those that may: %v", name(u), imported, speaksAWS)
			}
		}
		if u.path == "run" {
			for _, dep := range u.deps {
				if strings.HasPrefix(dep, sdk) {
					t.Errorf("run depends on %s: deciding knows no SDK, only its drivers do", dep)
					break
				}
			}
		}
	}
}

// stages import the root package and their own parts only; cmd, run's drivers and respond wire them.
var stages = []string{"detect", "incident", "plan", "approve", "ledger", "review", "evidence", "source", "notify", "store", "assess", "web"}

// between are the imports among stages that are not a stage knowing another: the interfaces and vocabulary of a folder
// that a second one exists to implement.
var between = map[string]string{
	"store > ledger": "a store implements the ledger's interfaces and is run through its conformance suite",
}

func TestStagesDoNotKnowEachOther(t *testing.T) {
	for _, u := range list(t) {
		if !slices.Contains(stages, top(u.path)) {
			continue
		}
		for _, imported := range u.imports {
			path, ok := local(imported)
			if !ok || path == "" || top(path) == top(u.path) || top(path) == "internal" {
				continue
			}
			if _, ok := between[top(u.path)+" > "+top(path)]; ok {
				continue
			}
			if slices.Contains(stages, top(path)) || slices.Contains(pure, top(u.path)) {
				t.Errorf("%s imports %s: stages speak through the root package", name(u), path)
			}
		}
	}
}

// TestSandboxKnowsNoAction: an account that knew the actions would agree with their mistakes.
func TestSandboxKnowsNoAction(t *testing.T) {
	for _, u := range list(t) {
		if top(u.path) != "sandbox" {
			continue
		}
		for _, dep := range u.deps {
			if path, ok := local(dep); ok && slices.Contains([]string{"action", "actions", "act", "call"}, top(path)) {
				t.Errorf("%s depends on %s", name(u), path)
			}
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, u := range list(t) {
		text := u.dir
		for _, f := range u.files {
			content, err := os.ReadFile(filepath.Join(u.dir, f))
			if err != nil {
				t.Fatal(err)
			}
			text += "\n" + string(content)
		}
		want := "\n// Package " + u.name + " "
		if u.name == "main" {
			want = "\n// Command " + filepath.Base(u.dir) + " "
		}
		if n := strings.Count(text, want); n != 1 || u.doc == "" {
			t.Errorf("%s has %d package comments that start %q", name(u), n, strings.TrimSpace(want))
		}
	}
}
