package deptest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// longest is how many lines a file may have.
const longest = 500

// startsContexts are the files below cmd that may start a context of their own, each with its reason.
var startsContexts = map[string]string{}

// readsWallClock are the files that may ask the machine for the time.
var readsWallClock = map[string]string{
	"clock.go": "it is the clock",
}

var generated = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

// eachFile parses every Go file of the module, tests too.
func eachFile(t *testing.T, visit func(path string, content []byte, set *token.FileSet, file *ast.File)) {
	t.Helper()
	root := filepath.Join("..", "..")
	seen := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && path != root || entry.Name() == "testdata") {
			return filepath.SkipDir
		}
		if entry.IsDir() || filepath.Ext(path) != ".go" {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, content, parser.ParseComments)
		if err != nil {
			t.Errorf("%v", err)
			return nil
		}
		relative, err := filepath.Rel(root, path)
		seen++
		visit(filepath.ToSlash(relative), content, set, file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 100 {
		t.Fatalf("only %d files were found", seen)
	}
}

func TestFilesAreShort(t *testing.T) {
	eachFile(t, func(path string, content []byte, _ *token.FileSet, _ *ast.File) {
		if n := strings.Count(string(content), "\n"); n > longest && !generated.Match(content) {
			t.Errorf("%s has %d lines, more than %d: split it by what its parts do", path, n, longest)
		}
	})
}

// calls lists the lines on which a file calls one of the functions of a package, whatever it named its import.
func calls(file *ast.File, set *token.FileSet, importPath string, functions ...string) []int {
	alias := ""
	for _, i := range file.Imports {
		if strings.Trim(i.Path.Value, `"`) == importPath {
			alias = importPath
			if i.Name != nil {
				alias = i.Name.Name
			}
		}
	}
	var lines []int
	if alias == "" {
		return nil
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && slices.Contains(functions, s.Sel.Name) {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == alias {
				lines = append(lines, set.Position(s.Pos()).Line)
			}
		}
		return true
	})
	return lines
}

// outside says whether a file is at the rim of the program, where contexts begin and the machine's time is read.
func outside(path string) bool {
	return strings.HasSuffix(path, "_test.go") || slices.Contains([]string{"cmd", "bench", "internal"}, top(path)) ||
		strings.HasPrefix(path, "action/actiontest/") || strings.HasPrefix(path, "store/storetest/")
}

func TestContextsBeginInCmd(t *testing.T) {
	used := map[string]bool{}
	eachFile(t, func(path string, _ []byte, set *token.FileSet, file *ast.File) {
		if outside(path) {
			return
		}
		lines := calls(file, set, "context", "Background", "TODO")
		if _, ok := startsContexts[path]; ok {
			used[path] = len(lines) > 0
			return
		}
		for _, line := range lines {
			t.Errorf("%s:%d starts a context: take the caller's", path, line)
		}
	})
	for path, reason := range startsContexts {
		if !used[path] {
			t.Errorf("%s (%s) starts no context any more: take it off the list", path, reason)
		}
	}
}

func TestTimeComesFromTheClock(t *testing.T) {
	used := map[string]bool{}
	eachFile(t, func(path string, _ []byte, set *token.FileSet, file *ast.File) {
		if outside(path) {
			return
		}
		lines := calls(file, set, "time", "Now", "Since", "Until", "Sleep", "After", "Tick", "NewTicker", "AfterFunc")
		if _, ok := readsWallClock[path]; ok {
			used[path] = len(lines) > 0
			return
		}
		for _, line := range lines {
			t.Errorf("%s:%d reads the machine's time: take quell.Clock", path, line)
		}
	})
	for path := range readsWallClock {
		if !used[path] {
			t.Errorf("%s reads no time any more: take it off the list", path)
		}
	}
}

// TestNothingRegistersItself: a package that changes something when it is linked in cannot be read from its callers.
func TestNothingRegistersItself(t *testing.T) {
	eachFile(t, func(path string, _ []byte, set *token.FileSet, file *ast.File) {
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s:%d has an init function", path, set.Position(f.Pos()).Line)
			}
		}
	})
}

// TestTestsDoNotSleep: they wait on signals or run an injected clock.
func TestTestsDoNotSleep(t *testing.T) {
	eachFile(t, func(path string, _ []byte, set *token.FileSet, file *ast.File) {
		if !strings.HasSuffix(path, "_test.go") {
			return
		}
		for _, line := range calls(file, set, "time", "Sleep", "After", "Tick") {
			t.Errorf("%s:%d sleeps", path, line)
		}
	})
}
