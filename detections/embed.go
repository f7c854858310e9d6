// Package detections holds Quell's own Sigma rules, a folder per AWS service and a file per rule, each with why it matters,
// what is benign about it, and a matching and a benign example.
//
// What comes in: nothing. What goes out: the files. What is promised: every rule parses, matches its matching examples
// and none of its benign ones; the test of this package runs them all. To add a rule, add a file; see README.md. Read
// package detect next for how rules are judged.
package detections

import "embed"

// FS holds the rules as they are in the source tree.
//
//go:embed */*.yml
var FS embed.FS
