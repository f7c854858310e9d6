// Package incident makes incidents of findings and reads them back from the ledger.
//
// What comes in: findings from package detect or an AWS service, the incidents already known, and ledger records. What
// goes out: clusters of findings that belong together (Group), a new incident for a cluster (Open), a View rebuilt from
// records (Read), and from a view a timeline in three lanes and an entity graph. Next is the state machine that says
// which changes people may make.
//
// What is promised: everything here is pure. The same findings give the same clusters and the same incident id in
// whatever order they arrive; the same records give the same view, read at once or one by one. Nothing is skipped in
// silence: a record of a kind that this version does not know is kept and counted, a gap in the record numbers is an
// error. All text in findings and events was written by whoever acted, so what is meant for people is cleaned.
//
// Read package plan next for how an incident gets its response, and package review for what is learnt from it.
package incident
