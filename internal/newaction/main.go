// Command newaction scaffolds an action: its file and its test, ready to be filled in.
//
// What comes in: a name, service.verb-noun. What goes out: two files in actions/SERVICE. What is promised: the scaffold
// compiles, and its test fails until the action does something. Read CONTRIBUTING.md next.
package main

import (
	_ "embed"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
)

//go:embed action.go.tmpl
var actionText string

//go:embed action_test.go.tmpl
var testText string

var form = regexp.MustCompile(`^[a-z0-9]+\.[a-z0-9]+(-[a-z0-9]+)+$`)

func main() {
	if len(os.Args) != 2 || !form.MatchString(os.Args[1]) {
		log.Fatal("usage: make new-action NAME=service.verb-noun")
	}
	if err := scaffold(os.Args[1], "."); err != nil {
		log.Fatal(err)
	}
}

// scaffold writes both files below root; it never overwrites.
func scaffold(name, root string) error {
	service, verb, _ := strings.Cut(name, ".")
	words := strings.Split(verb, "-")
	var exported string
	for _, w := range words {
		exported += strings.ToUpper(w[:1]) + w[1:]
	}
	data := map[string]string{
		"Name": name, "Package": service, "Exported": exported, "State": strings.ToLower(exported[:1]) + exported[1:] + "State",
		"Title": strings.Join(words, " "),
	}
	dir := filepath.Join(root, "actions", service)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	file := filepath.Join(dir, strings.Join(words, "_"))
	for path, text := range map[string]string{file + ".go": actionText, file + "_test.go": testText} {
		if err := write(path, text, data); err != nil {
			return err
		}
		fmt.Println("wrote", path)
	}
	return nil
}

func write(path, text string, data map[string]string) error {
	t, err := template.New(filepath.Base(path)).Parse(text)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if err := t.Execute(f, data); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
