// Package detecttest makes CloudTrail look-alikes and rules for tests and benchmarks of detection: a corpus for speed
// (Corpus), and a month of ordinary work for noise (Month).
//
// What comes in: a seed and a size. What goes out: records as AWS writes them (compact {"Records":[...]}, keys in AWS's
// order) by people, roles and services at work, and Sigma rules of the shapes that real collections have. What is promised:
// the same seed gives the same bytes, on every machine. Read package detect next.
package detecttest
