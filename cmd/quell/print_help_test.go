package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/quell-ir/quell"
)

// TestEveryCommandHelps asks each command there is, found in the command line's own model, so that none is forgotten.
func TestEveryCommandHelps(t *testing.T) {
	var cli CLI
	parser, err := kong.New(&cli, kong.Vars{"home": "/home"}, kong.ExplicitGroups(flagGroups()))
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	var visit func(n *kong.Node, path []string)
	seen := 0
	visit = func(n *kong.Node, path []string) {
		for _, child := range n.Children {
			visit(child, append(path[:len(path):len(path)], child.Name))
		}
		var out, errs bytes.Buffer
		m := &Main{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Clock: quell.WallClock{}, Getenv: func(name string) string {
			return map[string]string{"HOME": home}[name]
		}}
		if status := m.Run(t.Context(), append(path[:len(path):len(path)], "--help")); status != exitOK || errs.Len() > 0 {
			t.Errorf("%v: status %d: %s", path, status, errs.String())
		}
		text := out.String()
		if want := strings.Join(append([]string{"quell"}, path...), " "); !strings.HasPrefix(text, "Usage: "+want) || n.Help != "" && !strings.Contains(text, n.Help[:min(len(n.Help), 20)]) {
			t.Errorf("%v: %.200q", path, text)
		}
		for line := range strings.Lines(text) {
			if len(strings.TrimSuffix(line, "\n")) > tableColumns+len(home) {
				t.Errorf("%v: %q", path, line)
			}
		}
		// A command's own flags come first, what every command takes last.
		every, flags := strings.Index(text, "Every command:"), strings.Index(text, "\nFlags:")
		if len(n.Children) == 0 && every < 0 || flags > every && every >= 0 {
			t.Errorf("%v: its own flags at %d, everybody's at %d", path, flags, every)
		}
		seen++
	}
	visit(parser.Model.Node, nil)
	if seen < 40 {
		t.Errorf("%d commands", seen)
	}
}

// TestFlagGroupsAreTitled finds a group that a flag names and nobody gave a title.
func TestFlagGroupsAreTitled(t *testing.T) {
	var cli CLI
	parser, err := kong.New(&cli, kong.Vars{"home": "/home"}, kong.ExplicitGroups(flagGroups()))
	if err != nil {
		t.Fatal(err)
	}
	if err := kong.Visit(parser.Model, func(node kong.Visitable, next kong.Next) error {
		if f, ok := node.(*kong.Flag); ok && f.Group != nil && !strings.HasSuffix(f.Group.Title, ":") {
			t.Errorf("--%s is in the group %q", f.Name, f.Group.Key)
		}
		return next(nil)
	}); err != nil {
		t.Fatal(err)
	}
}
