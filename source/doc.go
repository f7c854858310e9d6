// Package source turns what people and services hand to Quell into things its stages can judge.
//
// What comes in: paths of files and folders (S3-style trees, compressed or not, or "-" for standard input), VPC flow log
// text, and the findings that AWS services send. What goes out: a Document per file, decompressed and of known kind,
// for the detection engine; an Event per flow; a Subject of findings and records for a response.
//
// What is promised: everything read was written by attackers, so nothing here trusts a name, a size or a shape. Memory
// is bounded whatever a file expands to, one bad file never hides the others, and whatever was not read is in a
// report with the reason. Package source reads no clock and reaches no network; its sub-package trail does, for the
// live account's event history. Read package detect next for what becomes of a Document.
package source
