// Package act carries commands out on an account: it looks, sends one call at a time, and collects evidence. It decides
// nothing; package run does.
//
// What comes in: a plan step, an aws.Config for its account and region. What goes out: the payloads of ledger records
// (Planned, Result). What is promised: guards are asked at each look; a secret is made at send and never returned; only
// named outputs leave. Read package run for when each is called.
package act
