// Package unwrap takes log records out of what they were exported in.
//
// What comes in: the text of an export, already decompressed: CSV of Athena, CloudWatch Logs Insights, Splunk or Kibana;
// JSON of Insights, Splunk, Elastic, CloudTrail Lake, "aws logs filter-log-events", CloudWatch Logs subscriptions (also in
// base64 and gzip), and Security Lake's OCSF. What goes out: a Reader of lines, each one record as its service first wrote
// it, or rebuilt in that shape where the export kept only columns or OCSF's fields; OCSF findings, to whoever takes them; and a
// Report of every row that gave none.
//
// What is promised: one row at a time is held, of bounded size, whatever the file holds; a broken row costs itself and is
// named; a record that is not wrapped goes through unchanged, so that to unwrap too much does no harm. Read package
// source next, which decides what is unwrapped and what the lines then are.
package unwrap
