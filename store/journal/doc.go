// Package journal keeps every finding of a stream in files of JSON lines, before what it was made of is let go.
//
// What comes in: findings. What goes out: the same, in the order in which they were kept. What is promised: Keep returns
// after the disk has them, all or none; a finding kept once is not kept again, by whichever process and after whatever
// crash, unless it has become more severe; a line that a crash tore is taken away before the next is written; nothing is
// ever deleted: a file that has grown large is renamed, and it is for people to archive it. Files are 0600.
//
// It is no ledger: it proves nothing and belongs to no incident. Most findings of a stream are below what opens an incident,
// and a queue's messages are gone once read: without this they would have been printed, and no more. Read package hunt next.
package journal
