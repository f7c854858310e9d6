// Package flood judges metrics of what faces the internet for denial of service: traffic far above what the same hour
// saw on the days before, errors in a large part of the answers, and the word of Shield.
//
// What comes in: resources with their datapoints, as package source/metrics reads them. What goes out: findings, each with
// the resource, the window, the peak and what it was compared to. What is promised: pure, without a clock; the same
// points give the same findings in whatever order they come; small services, whose handful of requests doubles by
// chance, are left alone; a gap in a metric is not taken for a zero, unless AWS writes that metric only when something
// happens. Read thresholds.go next for the numbers and where they come from.
package flood
