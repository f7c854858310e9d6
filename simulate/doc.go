// Package simulate puts an intruder into a sandbox account and Quell against it.
//
// What comes in: a seed and how rough the weather is (faults, delays, kills). What goes out: an Intruder that works on the
// account's own clock, and Trials that say what Quell claimed and what was true. What is promised: the same seed gives the
// same story; the code under trial is the real one, through the real SDK clients. Read package sandbox for the account.
package simulate
