// Package sandbox is a simulated AWS account that answers the real SDK clients, in process and in virtual time.
//
// What comes in: Options, seeded users, roles, buckets and secrets, and calls of ordinary aws-sdk-go-v2 clients made
// from World.Config. Validation, serialisation, endpoints, signing and retries run for real; the answer is given where
// the request would leave the process. What goes out: the SDK's typed outputs and errors, CloudTrail records with
// CloudTrail's delay, an oracle of what truly happened (Truth) and a dump of the account's state (Snapshot).
//
// What is promised: one seed gives one history, byte for byte, when used from one goroutine; nothing reaches a network;
// no secret value stands in a record. What defeats naive containment is modelled: IAM writes that take seconds to
// take hold, sessions that outlive their key, keys that stop without a trace, records that come late and out of order.
//
// Data flows through one call like this: answer_call.go takes it from the SDK, serve_call.go identifies the caller,
// authorises and runs it, write_record.go records it, deliver_trail.go shows the record once its delay is over. Each
// family of resources has its own file. Read package sandbox/policy next for how a decision is made, and package
// simulate for adversaries that live in this world.
package sandbox
