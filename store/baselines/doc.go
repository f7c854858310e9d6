// Package baselines keeps what was learnt of an account's principals in one file.
//
// What comes in and goes out is a stream of bytes; what they mean is package detect/baseline's. What is promised: the file
// is 0600; a change is whole or not at all, whatever crashes; of two processes that learn at once neither loses what the
// other wrote.
//
// It is a file and no table because it is read whole and written whole, may be deleted at any time, and must never make a
// ledger unreadable. Read package detect/baseline next.
package baselines
