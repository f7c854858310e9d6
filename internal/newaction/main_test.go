package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"testing"
)

func TestScaffold(t *testing.T) {
	root := t.TempDir()
	if err := scaffold("iam.disable-thing", root); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"disable_thing.go", "disable_thing_test.go"} {
		path := filepath.Join(root, "actions", "iam", name)
		if _, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.AllErrors); err != nil {
			t.Errorf("%s does not parse: %v", name, err)
		}
	}
	if err := scaffold("iam.disable-thing", root); !os.IsExist(err) {
		t.Errorf("a second scaffold of the same name gives %v; it must not overwrite", err)
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]bool{
		"iam.disable-thing": true, "s3.block-public": true, "disable-thing": false, "iam.disable": false, "IAM.disable-thing": false,
		"../x.y-z": false,
	} {
		if form.MatchString(name) != want {
			t.Errorf("%q is taken: %v", name, !want)
		}
	}
}
