// Package trail reads the live account's event history: CloudTrail's LookupEvents, over every region.
//
// What comes in: an AWS configuration per region, a clock, and one attribute to look for (an access key, a user name).
// What goes out: each record as CloudTrail wrote it, and a Coverage that tells region by region what was read to the
// end and up to when, what was refused, and what is not available here.
//
// What is promised: every page of every region or a reason why not; two requests a second and region, which is what AWS
// allows; one back-off for all regions when AWS asks for it; no SDK client outlives a call. The event history
// holds 90 days of management events: data events, such as object reads, are not in it. Read package source next for
// logs that lie in files.
package trail
