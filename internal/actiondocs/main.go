// Command actiondocs writes docs/actions and the IAM policies in docs/policies from the actions themselves.
//
// What comes in: the catalogue. What goes out: one page per action, an index, and two policies: what a responder needs, and
// what a reader needs. What is promised: a test fails when they are out of date. Read package action next.
package main

import (
	"log"
	"os"
	"path/filepath"

	"github.com/quell-ir/quell/actions"
)

func main() {
	pages, err := actions.Pages()
	if err != nil {
		log.Fatal("describe the actions: ", err)
	}
	for name, text := range pages {
		path := filepath.Join("..", "docs", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
