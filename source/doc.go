// Package source turns what people and services hand to Quell into things its stages can judge.
//
// What comes in: paths of files and folders (S3-style trees, compressed or not, or "-" for standard input) with CloudTrail
// records, flow logs, access logs of S3 and of load balancers, WAF, Resolver and EKS audit logs, as AWS delivers them or as
// searches and services export them; and the findings that AWS services send. What goes out: a Document per file,
// decompressed, unwrapped and of known kind, for the detection engine or for the reader of its kind, which makes Events; a
// Subject of findings and records for a response. A Mapping reads any other log.
//
// What is promised: everything read was written by attackers, so nothing here trusts a name, a size or a shape. Memory
// is bounded whatever a file expands to, one bad file never hides the others, and whatever was not read is in a
// report with the reason. Package source reads no clock and reaches no network; its sub-packages do: trail for the
// live account's event history, queue for SQS and S3. Read package unwrap for exports, and package detect
// next for what becomes of a Document.
package source
