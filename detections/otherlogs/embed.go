// Package otherlogs holds Quell's own Sigma rules for logs beside CloudTrail: VPC flow logs, Route 53 Resolver, WAF, S3
// access, load balancers and EKS audit, a folder per log.
//
// What comes in: nothing. What goes out: the files. A rule names the fields as its log does, and the event's id, time and
// address as CloudTrail does (eventID, eventTime, sourceIPAddress). What is promised: every rule finds its matching lines,
// written as the log has them, and none of its benign ones. Read package hunt next for how such records are made.
package otherlogs

import "embed"

// FS holds the rules as they are in the source tree.
//
//go:embed */*.yml
var FS embed.FS
