// Package table reads Parquet tables, which Security Lake writes always and VPC flow logs may.
//
// What comes in: a table whole, because its directory stands at its end. What goes out: a Reader of lines: of flow logs the
// text that their readers know, of every other table a JSON object a row, with the table's own names. What is promised:
// rows are decoded a few at a time, and a broken table is an error and never a panic. A table's directory and pages claim
// how much they hold, and the decoder believes them; so every claim is checked before, and every page unpacked once: a
// page has at most 64 MB and 8 million values, a schema 64 levels. Read package unwrap next, which makes the records of
// AWS's logs of Security Lake's rows.
package table
