// Package deptest holds the rules of the design to the code: who may import what, where time and contexts come from, how
// long files are, and that every package says what it is for.
//
// What comes in: the module's source, by `go list`. What goes out: test failures that name the rule. What is promised: a
// rule here is written down with its reason. Read docs/design for where the rules come from.
package deptest
