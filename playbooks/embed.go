// Package playbooks holds the playbooks that Quell comes with, a folder each: playbook.yaml is what runs, README.md is for
// the person who is woken by it, and cases/*.yaml are incidents with the steps that must answer them.
//
// What comes in: nothing. What goes out: the files, to be read by plan.ReadPlaybooks. What is promised: every playbook
// parses, holds against the actions there are, and binds every one of its cases exactly as the case says, at each
// automation level; the test of this package runs them all. To add a playbook, add a folder; no code changes. Read
// package plan next for the language of conditions.
package playbooks

import "embed"

// Files holds the folders as they are in the source tree.
//
//go:embed */playbook.yaml */README.md */cases/*.yaml
var Files embed.FS
