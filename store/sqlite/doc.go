// Package sqlite keeps the ledger in one SQLite file: the store of a laptop and of a single server.
//
// What comes in and goes out is ledger.Store. What is promised: an append is on disk when it returns (write-ahead log,
// synchronous=FULL: one fsync each); several processes may use the file at once; the file is 0600 in a folder that is made
// 0700; and each way in which a disk lets people down (full, read-only, locked, damaged, newer than this program) is an
// error that says what to do.
//
// SQLite is the translation by modernc.org, so that Quell stays one program without C. Read package ledger for what is
// kept, and store/storetest for what is tested.
package sqlite
