// Package baseline learns what is ordinary for each principal of an account, and says what is not.
//
// What comes in: events, in any order, some of them twice. What goes out: a Book of profiles (regions, services, networks,
// programs, changing calls, keys, daily volumes) that can be kept, merged, shown and cleared; and findings: a key that comes
// back after months, a call from a network never seen, a day that reads many times the most of any day before.
// What is promised: the same events give the same book and the same findings, whatever their order and however often each
// is delivered; memory is bounded by the number of principals and of different values, not of events; what did not fit
// is counted.
//
// A Collector is filled event by event; Collector.Book is what it learnt, Collector.Judge holds it against a Book learnt
// before. docs/design/008-baselines.md says why it is done so. Read package hunt for where events come from.
package baseline
