// Package quell holds the words that every part of Quell speaks: an Event is one thing that happened, a Finding is a
// verdict on events, an Incident is findings that belong together, a Playbook is an ordered answer, a Plan is a
// playbook bound to one incident, a Call is one API call with the call that takes it back, a Decision is a named
// person's yes or no to exact calls, and a Record is one entry of the tamper-evident ledger from which everything
// else is read.
//
// What comes in: nothing; this package reaches no file, network or clock. What goes out: plain data that survives JSON
// in both directions, and the canonical digest of such data. What is promised: field names in JSON are stable, because
// ledgers and users' scripts hold them; fields may be added.
//
// Data flows one way: source -> detect -> incident -> plan -> approve -> act -> review, and each arrow appends to the
// ledger. Stages import this package and never each other; cmd/quell wires them. Read package action next for what a
// response is made of, then package run for how a plan is driven to its end.
package quell
