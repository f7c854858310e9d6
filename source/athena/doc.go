// Package athena reads a table of logs by way of Athena, and says what that costs before it does.
//
// What comes in: an AWS configuration, a clock, a table, and which days, accounts and regions are wanted. What goes out: first
// a Scan, which is the statement, the bytes it will read and their price; then, when somebody has agreed, source.Documents of
// the rows, rebuilt into records.
//
// What is promised: nothing is started by preparing; the price is that of every object the statement can reach, narrowed only
// where a partition key of the table narrows the statement itself; a query that is interrupted is stopped, so that it does not
// go on costing; every page of the result or a reason why not. Read package source next for what becomes of a document.
package athena
