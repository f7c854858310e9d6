// Package review writes the post-incident report: what happened, what was done, how long it took, what is not known,
// and which lessons follow.
//
// What comes in: a Case, which is an incident's ledger records with the timeline and graph that package incident read
// from them; cmd fills it. What goes out: a Report, as Markdown, as one self-contained HTML page, or as JSON.
//
// What is promised: nothing is asserted that the ledger does not show. Every statement and every row of a table names
// the records it was read from; a metric whose moments are not all on record is n/a, with the reason. Nothing here is
// legal advice. Text that came from logs is hostile: it is cleaned, and escaped for the form it is written in; no
// link is ever made of it, and the page runs no script and loads nothing.
//
// Read package ledger for why the records can be believed.
package review
