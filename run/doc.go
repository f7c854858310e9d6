// Package run decides how a plan is driven to its end, without driving it: Apply folds one ledger record into a State,
// Next says what may be done now. Both are pure; drivers, such as run/local, carry out the commands and append what came
// of them, so that any driver killed after any record goes on where it stopped.
//
// What comes in: records of one incident, in order. What goes out: State and Commands. What is promised: the same records
// give the same state; nothing is sent that was not looked at in this run, covered by policy or a decision, and written
// down as an intent first. Read run/local for the embedded driver, package act for what a command does to an account.
package run
