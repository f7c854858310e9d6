// Package cloudwatch reads log groups of CloudWatch Logs, and finds out which log lines rang an alarm.
//
// What comes in: an AWS configuration for one region, a clock, a log group and a filter pattern; or the message of an alarm. What
// goes out: source.Documents of whatever the group holds (CloudTrail, flow logs, EKS audit), and a Coverage that says what
// was read and up to when.
//
// What is promised: every page or a reason why not; five requests a second, which every region allows; a wait where AWS asks
// for patience; no SDK client outlives a call; nothing is changed. An alarm on a metric filter names no actor: Filters leads
// from its metric to the log group, and the lines behind it name whom to look for. Read package source next for what
// becomes of a document.
package cloudwatch
