package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"sort"
	"strings"
	"text/tabwriter"

	"github.com/quell-ir/quell"
	"github.com/quell-ir/quell/action"
	"github.com/quell-ir/quell/actions"
	"github.com/quell-ir/quell/plan"
	"github.com/quell-ir/quell/playbooks"
)

// ActionsCmd is `quell actions`.
type ActionsCmd struct {
	List ActionsListCmd `cmd:"" help:"List the actions."`
	Show ActionsShowCmd `cmd:"" help:"Show one action: what it does, breaks, undoes, and needs."`
}

// ActionsListCmd is `quell actions list`.
type ActionsListCmd struct{}

// Run implements the command.
func (c *ActionsListCmd) Run(m *Main) error {
	all, err := actions.Catalogue()
	if err != nil {
		return err
	}
	if m.cli.JSON {
		list := []actionView{}
		for _, a := range all.All() {
			list = append(list, viewAction(a))
		}
		return m.printJSON(map[string]any{"actions": list})
	}
	w := tabwriter.NewWriter(m.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ACTION\tPHASE\tTARGET\tWHAT")
	for _, a := range all.All() {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", a.Name, a.Phase, a.Target, fit(a.Title, 28))
	}
	return w.Flush()
}

// actionView is an action as scripts see it.
type actionView struct {
	Name         string           `json:"name"`
	Title        string           `json:"title"`
	Phase        quell.Phase      `json:"phase"`
	Target       quell.EntityKind `json:"target"`
	Irreversible bool             `json:"irreversible"`
	Collects     bool             `json:"collects"`
	Doc          action.Doc       `json:"doc"`
	Reads        []string         `json:"reads"`
	Writes       []string         `json:"writes"`
	Permissions  []string         `json:"permissions"`
}

func viewAction(a *action.Action) actionView {
	v := actionView{
		Name: a.Name, Title: a.Title, Phase: a.Phase, Target: a.Target, Irreversible: a.Irreversible, Collects: a.Collects,
		Doc: a.Doc, Reads: a.Reads, Writes: []string{}, Permissions: a.Permissions(),
	}
	for _, d := range a.Writes {
		v.Writes = append(v.Writes, d.Op)
	}
	return v
}

// ActionsShowCmd is `quell actions show`.
type ActionsShowCmd struct {
	Name string `arg:"" help:"The action's name."`
}

// Run implements the command.
func (c *ActionsShowCmd) Run(m *Main) error {
	all, err := actions.Catalogue()
	if err != nil {
		return err
	}
	a, ok := all.Find(c.Name)
	if !ok {
		return &quell.Error{Code: quell.CodeUsage, What: fmt.Sprintf("no action is called %q", c.Name), Next: "see `quell actions list`"}
	}
	if m.cli.JSON {
		return m.printJSON(viewAction(a))
	}
	_, err = fmt.Fprint(m.Stdout, action.Describe(a))
	return err
}

// PlaybooksCmd is `quell playbooks`.
type PlaybooksCmd struct {
	List  PlaybooksListCmd  `cmd:"" help:"List the playbooks."`
	Show  PlaybooksShowCmd  `cmd:"" help:"Show one playbook for people."`
	Check PlaybooksCheckCmd `cmd:"" help:"Check playbook files."`
}

// PlaybooksListCmd is `quell playbooks list`.
type PlaybooksListCmd struct{}

// Run implements the command.
func (c *PlaybooksListCmd) Run(m *Main) error {
	books, err := books()
	if err != nil {
		return err
	}
	if m.cli.JSON {
		return m.printJSON(map[string]any{"playbooks": books})
	}
	w := tabwriter.NewWriter(m.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PLAYBOOK\tVERSION\tSTEPS\tTITLE")
	for _, b := range books {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", b.ID, b.Version, len(b.Steps), b.Title)
	}
	return w.Flush()
}

// PlaybooksShowCmd is `quell playbooks show`.
type PlaybooksShowCmd struct {
	ID string `arg:"" help:"The playbook's id."`
}

// Run implements the command.
func (c *PlaybooksShowCmd) Run(m *Main) error {
	books, err := books()
	if err != nil {
		return err
	}
	for _, b := range books {
		if b.ID != c.ID {
			continue
		}
		if m.cli.JSON {
			return m.printJSON(b)
		}
		text, err := playbooks.Files.ReadFile(b.ID + "/README.md")
		if err != nil {
			return fmt.Errorf("read the playbook's README: %w", err)
		}
		_, err = m.Stdout.Write(text)
		return err
	}
	return &quell.Error{Code: quell.CodeUsage, What: fmt.Sprintf("no playbook is called %q", c.ID), Next: "see `quell playbooks list`"}
}

// PlaybooksCheckCmd is `quell playbooks check`.
type PlaybooksCheckCmd struct {
	Paths []string `arg:"" help:"Playbook files, or folders of them." type:"existingpath"`
}

// Run implements the command.
func (c *PlaybooksCheckCmd) Run(m *Main) error {
	all, err := actions.Catalogue()
	if err != nil {
		return err
	}
	var infos []plan.ActionInfo
	for _, a := range all.All() {
		infos = append(infos, plan.ActionInfo{
			Name: a.Name, Target: a.Target, Phase: a.Phase, Destroys: a.Destroys, Preserves: a.Preserves,
			Irreversible: a.Irreversible, Collects: a.Collects,
		})
	}
	var problems []plan.Problem
	accepted := 0
	for _, path := range yamlFiles(c.Paths) {
		data, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read playbook: %w", err)
		}
		book, found := plan.ParsePlaybook(path, data)
		if len(found) == 0 {
			found = plan.Check(book, infos)
		}
		if len(found) == 0 {
			accepted++
		}
		problems = append(problems, found...)
	}
	if m.cli.JSON {
		rejected := []map[string]any{}
		for _, p := range problems {
			rejected = append(rejected, map[string]any{"path": p.Path, "line": p.Line, "why": p.Why})
		}
		if err := m.printJSON(map[string]any{"accepted": accepted, "rejected": rejected}); err != nil {
			return err
		}
	} else {
		for _, p := range problems {
			fmt.Fprintf(m.Stdout, "%s:%d: %s\n", quell.Clean(p.Path), p.Line, quell.Clean(p.Why))
		}
		fmt.Fprintf(m.Stdout, "%d accepted, %d problems\n", accepted, len(problems))
	}
	if len(problems) > 0 {
		return exit(exitFailed)
	}
	return nil
}

// yamlFiles lists the files given and those below the folders given, sorted.
func yamlFiles(paths []string) []string {
	var out []string
	for _, root := range paths {
		_ = filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() && (path == root || strings.HasSuffix(path, ".yml") || strings.HasSuffix(path, ".yaml")) {
				out = append(out, path)
			}
			return nil
		})
	}
	sort.Strings(out)
	return out
}

// VersionCmd is `quell version`.
type VersionCmd struct{}

// Run implements the command.
func (c *VersionCmd) Run(_ context.Context, m *Main) error {
	version := "development"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	if m.cli.JSON {
		return m.printJSON(map[string]string{"version": version})
	}
	fmt.Fprintln(m.Stdout, "quell", version)
	return nil
}
