package actions

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestEveryActionIsDocumentedAndComplete(t *testing.T) {
	catalogue, err := Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range catalogue.All() {
		service, verb, ok := strings.Cut(a.Name, ".")
		if !ok || service == "" || verb == "" {
			t.Errorf("%s is not named service.verb-noun or service.verb", a.Name)
		}
		if len(a.Doc.Traps) == 0 || len(a.Doc.Source) == 0 {
			t.Errorf("%s names no traps or no sources", a.Name)
		}
		if !a.Collects && len(a.Writes) == 0 {
			t.Errorf("%s neither collects nor writes", a.Name)
		}
	}
}

func TestPagesAreUpToDate(t *testing.T) {
	pages, err := Pages()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range pages {
		have, err := os.ReadFile(filepath.Join("..", "docs", name))
		if err != nil {
			t.Errorf("%v; run make generate", err)
			continue
		}
		if string(have) != want {
			t.Errorf("docs/%s is not what the actions say; run make generate", name)
		}
	}
	for _, folder := range []string{"actions", "policies"} {
		files, err := os.ReadDir(filepath.Join("..", "docs", folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if pages[folder+"/"+f.Name()] == "" {
				t.Errorf("docs/%s/%s belongs to no action; delete it", folder, f.Name())
			}
		}
	}
}

func TestReaderPolicyHoldsNoWrite(t *testing.T) {
	catalogue, err := Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	reads := Reads(catalogue)
	for _, p := range reads {
		_, operation, _ := strings.Cut(p, ":")
		ok := slices.ContainsFunc([]string{"Get", "List", "Describe", "Lookup", "Simulate", "Head", "Generate"}, func(prefix string) bool {
			return strings.HasPrefix(operation, prefix)
		})
		if !ok {
			t.Errorf("a reader is given %s", p)
		}
	}
}
