// Package detect judges CloudTrail records by Sigma rules, fast enough to read a year of logs over lunch.
//
// What comes in: rules as YAML text (Parse), and a stream of decompressed JSON in any shape CloudTrail records travel in
// (Worker.Scan). What goes out: a Match for every rule and record that belong together, and Stats that name each record
// which could not be read. Correlations ("ten refusals within five minutes") are fed with matches and give Hits.
//
// What is promised: a rule that uses anything this engine does not know is refused with file, line and reason, never
// half-accepted; a bad record never hides the good ones beside it; memory is bounded whatever the input; an event without
// a match costs no allocation; the outcome does not depend on the order in which rules or files were given. A slow and
// obvious evaluator in the tests is the judge of the fast one.
//
// How it goes: Parse turns YAML into Rules. Compile turns them into a Program: equal predicates are shared, each rule is
// proved "false unless one of these triggers fires" and filed under its triggers. A Worker tokenises each record once,
// keeps only the values that some rule reads, looks up the triggers, and evaluates the few rules left.
//
// The meaning of the language where Sigma leaves it open is written down at type matcher (match_value.go). Read
// parse_rule.go next, then compile_program.go, then scan_stream.go. Findings are made from matches by whoever wires this
// package; package incident says what happens to them.
package detect
