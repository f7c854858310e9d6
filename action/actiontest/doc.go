// Package actiontest holds the one contract test that serves every action, in the sandbox and, where an emulator
// knows the calls, over the wire.
//
// What comes in: a Case, which seeds an account and names a target. What goes out: test failures. What is promised: an
// action that passes looks without writing, plans the same whatever the order of lists, is done when it says so, takes
// back exactly what it did, goes on after being killed at any record, uses no undeclared operation, and lets no
// secret into a record. Read run_contract.go first, then any test in actions/iam for a case; package run says how what
// is tested here is driven.
package actiontest
