// Package cloudtrail holds the actions on CloudTrail.
//
// What comes in: an account (or a user in it) as target, the incident's entities, an aws.Config for reading. What goes out:
// artefacts put into a sink, a manifest last. What is promised: every page is read, nothing is held in memory but one page,
// what could not be read is named, and a collection that was cut off goes on where it stopped. Read export_evidence.go
// first, then choose_lookups.go for what is asked and read_history.go for how.
package cloudtrail
