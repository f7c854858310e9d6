// Package approve decides who sets a step in motion, and whether what a person said yes to covers what is about to be
// sent.
//
// What comes in: the policy (people, their roles, the automation level, quorum, expiry), plan steps, decisions from the
// ledger, and calls. What goes out: the mode of a step, a refusal with what to do about it, or whether calls are covered.
// What is promised: everything here is pure; time is a parameter.
//
// # What a yes covers
//
// A yes is to exact calls. Later calls are covered while each is one of those approved, in the same order: fewer is fine,
// because part of the work may be done already; a new or altered call is not, and needs a new yes. A no to a step voids
// every yes before it. A yes ends when it expires and when the incident is closed or dismissed.
//
// # When nobody answers
//
// The step stays waiting, for as long as it takes, and so do only the steps that need it. Nothing expires into a yes, and
// silence never widens what is automatic. What happens is declared by Policy.Escalation: after each of its times the step
// is shown as overdue and to whom it goes next. By default that is the incident manager after ten minutes.
//
// # Who is a person
//
// An IAM user, an Identity Center user, or a source identity. The name of any other role session is chosen by its caller,
// so two of them may be one person; they never count. See Identify. The subject of an incident, and whatever the
// intruder made, cannot answer for it.
//
// Read package run next for how decisions drive a plan.
package approve
