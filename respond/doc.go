// Package respond wires the stages into one response: findings become an incident, the incident a plan, the plan is
// approved, acted on, watched, taken back.
//
// What comes in: findings, a person's answers, and a Desk that says what is at hand (ledger, account, clock, people).
// What goes out: an Outcome, which is what the command line prints. What is promised: the incident is recorded before
// anything else happens; nothing changes in an account unless asked to apply; whatever happened can be read back from
// the ledger alone. The command line, the demo and the simulations all come in here, so that they run the same code.
// Read package run for what decides and run/local for what drives.
package respond
