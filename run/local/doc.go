// Package local is the embedded driver: it carries out what package run decides, one command at a time, and appends what
// came of it to the journal before it goes on. It is also where the stages are wired into one response: scope, incident,
// plan, approval, action, proof.
//
// What comes in: an incident's journal, an Actor, and what may be asked of the trail. What goes out: records, and a State
// read from them. What is promised: an intent is durable before its call leaves; a process killed at any point goes on
// where it stopped; nothing is sent while the stop switch is set. Read package act for what happens to the account.
package local
